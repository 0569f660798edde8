// What no panel claims: a panel for each first word of the addresses (/music, /frames, /clock …), with a control for each.

import {bridge} from "./bridge.js"
import {action, parameter} from "./controls.js"
import {make} from "./dom.js"

const TITLES = {frames: "Picture", map: "MIDI map", midi: "MIDI", mod: "Modulation", preset: "Presets", scene: "Scenes"}
const COLUMNS = {frames: "set", music: "play"}
const ORDER = ["frames", "music", "clock", "preset", "scene"]

export function groups(claimed) {
  const found = new Map()
  for (const entry of bridge.table.values()) {
    const words = entry.path.split("/").slice(1)
    if (words.length < 2 || entry.kind === "event" || claimed.has(entry.path)) continue // one word: between programs
    if (!found.has(words[0])) found.set(words[0], [])
    found.get(words[0]).push(entry)
  }
  return [...found].map(([word, entries]) => ({
    title: TITLES[word] ?? word[0].toUpperCase() + word.slice(1),
    column: COLUMNS[word] ?? "machine",
    order: word === "music" ? 35 : 100 + (ORDER.indexOf(word) + 1 || 9), // the music right under the keys
    mount: body => fill(body, entries, 2),
  }))
}

// Controls for these addresses; those a word deeper come in a part of their own, which is open while its model is in use.
export function fill(body, entries, depth) {
  const here = entries.filter(entry => entry.path.split("/").length === depth + 1)
  const parameters = here.filter(entry => entry.kind === "parameter")
  const actions = here.filter(entry => entry.kind === "action")
  body.append(...parameters.map(entry => parameter(entry.path)))
  if (actions.length) body.append(make("div", {class: "actions"}, ...actions.map(entry => action(entry.path))))
  const deeper = new Map()
  for (const entry of entries) {
    const words = entry.path.split("/")
    if (words.length <= depth + 1) continue
    if (!deeper.has(words[depth])) deeper.set(words[depth], [])
    deeper.get(words[depth]).push(entry)
  }
  for (const [word, inside] of deeper) {
    const part = make("details", {"data-part": word}, make("summary", {}, word.replaceAll("_", " ")))
    fill(part, inside, depth + 1)
    body.append(part)
    const model = bridge.models.find(one => one.name === word && inside[0].path.startsWith(`${one.slot}/`))
    if (model) {
      bridge.watch(`${model.slot}/model`, name => {
        if (name === part.dataset.chosen) return
        part.dataset.chosen = name
        part.open = name === model.name
        part.classList.toggle("idle", name !== model.name)
      })
    }
  }
}
