// The frames and nothing else, for a projector. F or a double click: full screen. C: fill the screen. A: the frames' age.

import {age} from "./dom.js"
import {Frames} from "./frames.js"

const at = id => document.getElementById(id)
let idle = 0

new Frames(at("canvas"), {
  fallback: at("image"),
  shown: (number, seconds) => { at("age").textContent = seconds === null ? "…" : age(seconds) },
})

function fill() {
  if (document.fullscreenElement) document.exitFullscreen()
  else document.documentElement.requestFullscreen()
}

document.addEventListener("dblclick", fill)
document.addEventListener("keydown", event => {
  if (event.key === "f") fill()
  if (event.key === "c") document.body.classList.toggle("cover")
  if (event.key === "a") at("age").hidden = !at("age").hidden
})
document.addEventListener("pointermove", () => {
  document.body.classList.remove("still")
  clearTimeout(idle)
  idle = setTimeout(() => document.body.classList.add("still"), 1500)
})
document.body.classList.add("still")
