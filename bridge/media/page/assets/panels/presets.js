// Presets and scenes: how it plays and looks, by name, and in the order of the show.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

export default {
  title: "Presets",
  column: "play",
  order: 60,
  claims: entry => entry.path.startsWith("/preset/") || entry.path.startsWith("/scene/"),
  wanted: () => bridge.table.has("/preset/recall"),
  mount(body) {
    const name = make("input", {type: "text", maxlength: 64, "aria-label": "Name of the preset", placeholder: "Name"})
    const beats = make("input", {type: "number", min: 0, max: 1024, step: 1, value: 4, "aria-label": "Beats that a preset takes to come"})
    const presets = make("div", {class: "names", role: "group", "aria-label": "Presets"})
    const scenes = make("ol", {class: "scenes", "aria-label": "Scenes"})
    const button = (text, press, title = "") => make("button", {type: "button", title, onclick: press}, text)
    let newest = ""
    const save = () => { if (name.value.trim()) bridge.send("/preset/save", name.value.trim()) }
    name.addEventListener("keydown", event => { if (event.key === "Enter") save() })
    body.append(
      make("style", {}, `
        #panel-presets .row { display: flex; gap: .5rem; flex-wrap: wrap; align-items: center; margin-bottom: .6rem }
        #panel-presets input[type=text] { flex: 1 1 8rem; min-width: 0 } #panel-presets input[type=number] { width: 5rem }
        .names { display: flex; flex-wrap: wrap; gap: .5rem; margin-bottom: .6rem } .names .chosen, .scenes .chosen { outline: 3px solid var(--accent, #7cf) }
        .scenes { margin: 0 0 .6rem; padding-left: 1.6rem } .scenes li { margin: .2rem 0 } .scenes:empty { display: none }`),
      make("div", {class: "row"}, name, button("Save", save)),
      presets,
      make("div", {class: "row"}, make("label", {}, "comes in ", beats, " beats"), button("Undo", () => bridge.send("/preset/undo"), "Takes back the last recall")),
      scenes,
      make("div", {class: "row"},
        button("Previous scene", () => bridge.send("/scene/previous")),
        button("Next scene", () => bridge.send("/scene/next")),
        button("Add as scene", () => { if (newest) bridge.send("/scene/add", newest, Number(beats.value)) }, "Puts the preset that was chosen last at the show's end"),
        button("Clear scenes", () => bridge.send("/scene/clear"))))
    const choose = chosen => {
      newest = chosen
      for (const each of presets.children) each.classList.toggle("chosen", each.textContent === chosen)
    }
    bridge.hear("/preset/names", (...names) => {
      presets.replaceChildren(...names.map(each => button(each, () => bridge.send("/preset/recall", each, Number(beats.value)))))
      choose(newest)
    })
    bridge.hear("/preset/saved", choose)
    bridge.hear("/preset/recalled", choose)
    bridge.hear("/scene/names", (...names) => scenes.replaceChildren(
      ...names.map((each, index) => make("li", {}, button(each, () => bridge.send("/scene/go", index))))))
    bridge.hear("/scene/now", index => {
      [...scenes.children].forEach((each, at) => each.firstChild.classList.toggle("chosen", at === index))
    })
    bridge.watchState(online => {
      if (online) { bridge.send("/preset/list"); bridge.send("/scene/list") }
    })
  },
}
