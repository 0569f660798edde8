// The frames as they are painted, with their age and rate; a way to the clean page for a projector.

import {bridge} from "../bridge.js"
import {age, make} from "../dom.js"
import {Preview} from "../frames.js"

const LIVELY = 12 // frames shown a second while somebody plays or touches the page: the projector's page shows all
const CALM = 3 // while something else moves
const REST = 1
const RESTS = 10000 // ms after which nobody plays

export default {
  title: "Frames",
  column: "play",
  order: 10,
  mount(body) {
    const canvas = make("canvas", {width: 256, height: 256, role: "img", "aria-label": "The newest frame"})
    const told = make("output", {class: "dim", "aria-label": "Age and rate of the frames"}, "no frame yet")
    const link = make("a", {href: "/output", target: "_blank", class: "button"}, "Output for the projector")
    body.append(
      make("style", {}, "#panel-frames canvas { max-height: 46vh; object-fit: contain; background: #000; border-radius: 8px } #panel-frames .under { display: flex; gap: 1rem; align-items: center; justify-content: space-between; margin-top: .6rem; flex-wrap: wrap }"),
      canvas, make("div", {class: "under"}, told, link))
    let first = null
    let last = null
    let said = 0
    let touched = performance.now()
    const touch = () => { touched = performance.now() }
    for (const path of ["/music/note/heard", "/music/note/out"]) bridge.hear(path, touch)
    for (const kind of ["pointerdown", "pointermove", "keydown"]) document.addEventListener(kind, touch, {passive: true})
    new Preview(canvas, {
      fps: () => performance.now() - touched < RESTS ? LIVELY : bridge.rests ? REST : CALM,
      moment: () => bridge.rests ? bridge.drawn() : null,
      shown(number, seconds) {
        if (number === null) { told.textContent = "no frames: waiting…"; first = null; return }
        const now = performance.now()
        first ??= {number, now}
        last = {number, now}
        if (now - said < 500) return
        said = now
        const rate = now > first.now ? 1000 * (last.number - first.number) / (now - first.now) : 0
        told.textContent = `${age(seconds)} old, ${rate.toFixed(0)} a second`
        if (now - first.now > 5000) first = last
      },
    })
  },
}
