// Two octaves to play on: by touch, mouse, or the computer's keys while the panel is in use.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const KEYS = "awsedftgyhujkolp" // from C, as in most programs
const BLACK = [1, 3, 6, 8, 10]
const OCTAVES = 2
const VELOCITY = 96

export default {
  title: "Play",
  column: "play",
  order: 30,
  claims: entry => entry.path === "/music/note/in",
  wanted: () => bridge.table.has("/music/note/in"),
  mount(body) {
    let octave = 5
    const held = new Map() // by what holds it
    const keys = make("div", {class: "keys", tabindex: 0, role: "group", "aria-label": "Keyboard: A to P play from C, Z and X change the octave"})
    const shown = make("output", {class: "dim"})
    body.append(make("style", {}, `
      .keys { display: flex; height: 130px; position: relative; touch-action: none; user-select: none }
      .keys i { flex: 1; background: #dfe4ea; border: 1px solid #555; border-radius: 0 0 6px 6px }
      .keys i.black { flex: 0; position: relative; z-index: 1; background: none; border: 0 }
      .keys i.black::after { content: ""; position: absolute; left: -17px; width: 34px; height: 80px; background: #1b2027; border: 1px solid #667; border-radius: 0 0 5px 5px }
      .keys i.down { background: var(--call) } .keys i.black.down { background: none } .keys i.black.down::after { background: var(--call) }`),
    keys, make("div", {style: "display: flex; gap: .6rem; align-items: center; margin-top: .5rem"},
      make("button", {type: "button", "aria-label": "An octave lower", onclick: () => shift(-1)}, "−"), shown,
      make("button", {type: "button", "aria-label": "An octave higher", onclick: () => shift(1)}, "+"),
      make("span", {class: "dim"}, "Click the keys, then A W S E D … play too; Z and X change the octave.")))
    const elements = Array.from({length: 12 * OCTAVES + 1}, (_, note) =>
      make("i", {"data-note": note, class: BLACK.includes(note % 12) ? "black" : false}))
    keys.append(...elements)
    const shift = by => {
      release()
      octave = Math.min(8, Math.max(1, octave + by))
      shown.textContent = `C${octave - 1} to C${octave - 1 + OCTAVES}`
    }
    const down = (holder, note) => {
      up(holder)
      const pitch = 12 * octave + note
      if (pitch > 127) return
      held.set(holder, {pitch, note})
      elements[note].classList.add("down")
      bridge.send("/music/note/in", 1, pitch, VELOCITY)
    }
    const up = holder => {
      const one = held.get(holder)
      if (!one) return
      held.delete(holder)
      elements[one.note].classList.remove("down")
      bridge.send("/music/note/in", 1, one.pitch, 0)
    }
    const release = () => { for (const holder of [...held.keys()]) up(holder) }
    const under = event => {
      const found = document.elementFromPoint(event.clientX, event.clientY)?.dataset.note
      return found === undefined ? null : Number(found)
    }
    keys.addEventListener("pointerdown", event => {
      const note = under(event)
      if (note === null) return
      keys.setPointerCapture(event.pointerId)
      down(event.pointerId, note)
    })
    keys.addEventListener("pointermove", event => {
      const one = held.get(event.pointerId)
      const note = under(event)
      if (one && note !== null && note !== one.note) down(event.pointerId, note)
    })
    for (const kind of ["pointerup", "pointercancel"]) keys.addEventListener(kind, event => up(event.pointerId))
    keys.addEventListener("keydown", event => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return
      const note = KEYS.indexOf(event.key.toLowerCase())
      if (note >= 0) down(event.code, note)
      else if (event.key === "z") shift(-1)
      else if (event.key === "x") shift(1)
      else return
      event.preventDefault()
    })
    keys.addEventListener("keyup", event => up(event.code))
    keys.addEventListener("blur", release)
    shift(0)
  },
}
