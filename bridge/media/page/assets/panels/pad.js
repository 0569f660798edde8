// A pad: drag between four corners, melodies and pictures; or move any two parameters together; or let go to have a model
// act at that place.

import {bridge} from "../bridge.js"
import {parameter} from "../controls.js"
import {label, make} from "../dom.js"
import {melody} from "../melody.js"

const CORNERS = ["tl", "tr", "bl", "br"] // 1 to 4
const SETTLES = 250 // ms
const FOUR = "/pad/x" // the mode, by an address that it needs

const ranged = one => one.type === "float" && one.low !== null && one.high !== null

function axes() {
  const found = []
  for (const entry of bridge.table.values()) {
    if (entry.kind === "parameter" && ranged(entry.arguments[0]) && !entry.path.startsWith("/clock/")) found.push({path: entry.path, ...entry.arguments[0]})
  }
  return found
}

// Actions with two or more ranged numbers: places in a space that the model knows.
function actions() {
  return [...bridge.table.values()].filter(entry => entry.kind === "action" && entry.arguments.filter(ranged).length > 1)
}

export default {
  title: "Pad",
  column: "play",
  order: 32,
  claims: entry => bridge.table.has(FOUR) && (entry.path.startsWith("/pad/") || entry.path === "/frames/corner"),
  wanted: () => axes().length > 1,
  mount(body) {
    const all = axes()
    const four = bridge.table.has(FOUR)
    const pick = (name, chosen) => {
      const list = make("select", {"aria-label": name}, ...all.map(one => make("option", {value: one.path}, one.path.slice(1))))
      list.value = chosen
      return list
    }
    const painting = `/frames/${bridge.values.get("/frames/model")}/`
    const usual = (word, other) => (all.find(one => one.path === painting + word) ?? all.find(one => one.path.endsWith(`/${word}`)) ?? all[other]).path
    const across = pick("Left to right", usual("blend", 0))
    const upward = pick("Bottom to top", usual("hue", 1))
    const spaces = actions()
    const mode = make("select", {"aria-label": "What the pad moves"},
      four && make("option", {value: FOUR}, "between four corners"),
      make("option", {value: ""}, "two parameters"), ...spaces.map(entry => make("option", {value: entry.path}, `${entry.path.slice(1)}: two of its numbers`)))
    const pad = make("div", {class: "pad", tabindex: 0, role: "group", "aria-label": "Pad: arrow keys move it"})
    const dot = make("i", {class: "dot"})
    const corners = CORNERS.map(name => make("span", {class: `corner ${name}`}))
    pad.append(...corners, dot)
    body.append(make("style", {}, `
      .pad { position: relative; height: 240px; border: 1px solid #3a4452; border-radius: 10px; touch-action: none; cursor: crosshair;
        background: radial-gradient(circle at 0 0, #8b6cff88, transparent 60%), radial-gradient(circle at 100% 0, #5cc8ff88, transparent 60%),
          radial-gradient(circle at 0 100%, #ffb45477, transparent 60%), radial-gradient(circle at 100% 100%, #67d98a77, transparent 60%), #10141a }
      .dot { position: absolute; width: 34px; height: 34px; margin: -17px; border-radius: 50%; border: 4px solid #fff; background: #0006; pointer-events: none }
      .corner { position: absolute; font-size: .85rem; padding: .4rem .6rem; pointer-events: none; max-width: 50% }
      .tl { top: 0; left: 0 } .tr { top: 0; right: 0; text-align: right } .bl { bottom: 0; left: 0 } .br { bottom: 0; right: 0; text-align: right }
      .corner { display: flex; flex-direction: column; gap: .2rem } .corner.tr, .corner.br { align-items: end }
      .melody { width: 96px; height: 32px; background: #0009; border-radius: 4px } .melody rect { fill: var(--answer) } .melody text { fill: var(--dim); font-size: 11px }
      .between .act { align-items: center; margin: .3rem 0 } .between .act .name { flex: 1 }
      .axes { display: grid; grid-template-columns: 1fr 1fr; gap: .4rem; margin-top: .5rem } .axes .wide { grid-column: 1 / -1 }`),
    pad, make("div", {class: "axes"}, make("div", {class: "wide"}, mode), across, upward))
    if (!spaces.length && !four) mode.parentElement.hidden = true
    const settings = four ? between(corners) : {element: null, name: () => {}}
    if (four) body.append(settings.element)
    let place = {x: 0.5, y: 0.5}
    const mixes = () => mode.value === FOUR
    const space = () => spaces.find(entry => entry.path === mode.value)
    const pair = () => {
      if (space()) return space().arguments.filter(ranged).slice(0, 2).map(one => ({...one, label: one.name}))
      if (mixes()) return ["/pad/x", "/pad/y"].map(path => ({...all.find(one => one.path === path), label: label(path)}))
      return [across, upward].map(list => ({...all.find(one => one.path === list.value), label: label(list.value)}))
    }
    const value = (axis, part) => axis.low + part * (axis.high - axis.low)
    const show = () => {
      dot.style.left = `${100 * place.x}%`
      dot.style.top = `${100 * (1 - place.y)}%`
    }
    const name = () => {
      const [x, y] = pair()
      const text = (one, high) => `${one.label.replaceAll("_", " ")} ${high ? one.high : one.low}`
      if (mixes()) settings.name()
      else corners.forEach((corner, index) => { corner.textContent = `${text(x, index % 2 === 1)} · ${text(y, index < 2)}` })
      across.hidden = upward.hidden = Boolean(space()) || mixes()
      if (four) settings.element.hidden = !mixes()
      follow()
    }
    const follow = () => {
      if (space()) return
      pair().forEach((axis, index) => {
        const at = (bridge.values.get(axis.path) - axis.low) / (axis.high - axis.low)
        place[index ? "y" : "x"] = Math.min(1, Math.max(0, at))
      })
      show()
    }
    // What we sent comes back a little later, and what was under way before it: until then the dot stays where it was put.
    let dragging = false
    let moved = -SETTLES
    let later = 0
    const told = () => {
      clearTimeout(later)
      const wait = moved + SETTLES - performance.now()
      if (wait > 0) later = setTimeout(told, wait)
      else if (!dragging) follow()
    }
    const move = (x, y, released) => {
      moved = performance.now()
      place = {x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y))}
      show()
      const [one, other] = pair()
      if (!space()) {
        bridge.send(one.path, value(one, place.x))
        bridge.send(other.path, value(other, place.y))
      } else if (released) {
        let used = 0
        const parts = [place.x, place.y]
        bridge.send(space().path, ...space().arguments.map(argument =>
          ranged(argument) && used < 2 ? value(argument, parts[used++]) : argument.default ?? 0))
      }
    }
    const at = event => {
      const box = pad.getBoundingClientRect()
      return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height]
    }
    pad.addEventListener("pointerdown", event => { dragging = true; pad.setPointerCapture(event.pointerId); move(...at(event), false) })
    pad.addEventListener("pointermove", event => { if (dragging) move(...at(event), false) })
    pad.addEventListener("pointerup", event => { if (dragging) { dragging = false; move(...at(event), true) } })
    pad.addEventListener("pointercancel", () => { dragging = false })
    pad.addEventListener("keydown", event => {
      const step = {ArrowLeft: [-0.05, 0], ArrowRight: [0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05]}[event.key]
      if (step) { move(place.x + step[0], place.y + step[1], false); event.preventDefault() }
      else if (event.key === "Enter") move(place.x, place.y, true)
    })
    for (const list of [across, upward, mode]) list.addEventListener("change", name)
    for (const axis of all) bridge.watch(axis.path, told)
    name()
  },
}

// What is at the corners, and what sets it: melodies that were heard, points of the picture's latent, prompts.
function between(corners) {
  const is = path => bridge.table.has(path)
  const prompts = number => [...bridge.table.keys()].filter(path =>
    path.endsWith(`/${["prompt", "second_prompt", "third_prompt", "fourth_prompt"][number]}`) && is(path.replace(/[^/]*$/, "fourth_prompt")))
  const painting = path => path.startsWith(`/frames/${bridge.values.get("/frames/model")}/`)
  const keep = (path, text) => is(path) && make("div", {class: "control act", "data-path": path, title: `${path}\n${bridge.table.get(path).doc}`},
    make("span", {class: "name"}, text),
    ...["◤", "◥", "◣", "◢"].map((sign, index) => make("button", {type: "button", "aria-label": `${text}, corner ${index + 1}`, onclick: () => bridge.send(path, index + 1)}, sign)))
  const keepPicture = keep("/frames/corner", "Keep the picture as")
  const told = make("p", {class: "dim", role: "status", style: "margin: .2rem 0"})
  const without = slot => { // why the place does not move what it shall
    const able = bridge.models.filter(one => one.slot === slot && one.parameters.pad).map(one => one.name)
    const now = bridge.values.get(`${slot}/model`)
    return bridge.values.get(`/pad${slot}`) && !able.includes(now) ? `${now} has no corners; ${able.join(" and ")} ${able.length > 1 ? "have" : "has"}.` : ""
  }
  const name = () => corners.forEach((corner, index) => {
    const prompt = prompts(index).find(painting)
    told.textContent = [without("/music"), without("/frames")].filter(Boolean).join(" ")
    if (keepPicture) keepPicture.hidden = Boolean(prompt)
    corner.replaceChildren(...[
      bridge.values.get("/pad/music") && melody(bridge.values.get(`/pad/melody/${index + 1}`) ?? ""),
      bridge.values.get("/pad/frames") && prompt && make("span", {}, bridge.values.get(prompt))].filter(Boolean))
    if (!corner.children.length) corner.textContent = index + 1
  })
  const watched = [1, 2, 3, 4].flatMap((number, index) => [`/pad/melody/${number}`, ...prompts(index)])
  const element = make("div", {class: "between"},
    ...["/pad/music", "/pad/frames"].filter(is).map(path => parameter(path, {label: path === "/pad/music" ? "moves the music" : "moves the picture"})),
    told, keep("/pad/keep", "Keep what was heard as"), keepPicture,
    make("details", {"data-part": "pad"}, make("summary", {}, "place and melodies"),
      ...[...bridge.table.keys()].filter(path => path.startsWith("/pad/melody/") || path === "/pad/x" || path === "/pad/y").map(path => parameter(path))))
  for (const path of [...watched, "/pad/music", "/pad/frames", "/music/model", "/frames/model"].filter(is)) bridge.watch(path, () => { if (!element.hidden) name() })
  return {element, name}
}
