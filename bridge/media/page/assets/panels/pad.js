// A pad: drag to move two parameters together, or let go to have a model act at that place.

import {bridge} from "../bridge.js"
import {label, make} from "../dom.js"

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
  order: 40,
  wanted: () => axes().length > 1,
  mount(body) {
    const all = axes()
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
      make("option", {value: ""}, "two parameters"), ...spaces.map(entry => make("option", {value: entry.path}, `${entry.path.slice(1)}: two of its numbers`)))
    const pad = make("div", {class: "pad", tabindex: 0, role: "group", "aria-label": "Pad: arrow keys move it"})
    const dot = make("i", {class: "dot"})
    const corners = ["tl", "tr", "bl", "br"].map(name => make("span", {class: `corner ${name}`}))
    pad.append(...corners, dot)
    body.append(make("style", {}, `
      .pad { position: relative; height: 240px; border: 1px solid #3a4452; border-radius: 10px; touch-action: none; cursor: crosshair;
        background: radial-gradient(circle at 0 0, #8b6cff88, transparent 60%), radial-gradient(circle at 100% 0, #5cc8ff88, transparent 60%),
          radial-gradient(circle at 0 100%, #ffb45477, transparent 60%), radial-gradient(circle at 100% 100%, #67d98a77, transparent 60%), #10141a }
      .dot { position: absolute; width: 34px; height: 34px; margin: -17px; border-radius: 50%; border: 4px solid #fff; background: #0006; pointer-events: none }
      .corner { position: absolute; font-size: .85rem; padding: .4rem .6rem; pointer-events: none; max-width: 50% }
      .tl { top: 0; left: 0 } .tr { top: 0; right: 0; text-align: right } .bl { bottom: 0; left: 0 } .br { bottom: 0; right: 0; text-align: right }
      .axes { display: grid; grid-template-columns: 1fr 1fr; gap: .4rem; margin-top: .5rem } .axes .wide { grid-column: 1 / -1 }`),
    pad, make("div", {class: "axes"}, make("div", {class: "wide"}, mode), across, upward))
    if (!spaces.length) mode.parentElement.hidden = true
    let place = {x: 0.5, y: 0.5}
    const space = () => spaces.find(entry => entry.path === mode.value)
    const pair = () => {
      if (space()) return space().arguments.filter(ranged).slice(0, 2).map(one => ({...one, label: one.name}))
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
      corners.forEach((corner, index) => { corner.textContent = `${text(x, index % 2 === 1)} · ${text(y, index < 2)}` })
      across.hidden = upward.hidden = Boolean(space())
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
    const move = (x, y, released) => {
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
    let dragging = false
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
    for (const axis of all) bridge.watch(axis.path, () => { if (!dragging) follow() })
    name()
  },
}
