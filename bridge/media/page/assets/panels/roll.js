// A piano roll of what is heard and what is answered: four bars, swept as a radar is.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const BARS = 4
const COLOURS = {call: "#ffb454", answer: "#5cc8ff"}
const LIVELY = 33 // ms from one picture to the next while something sounds
const KEPT = 512 // notes

export default {
  title: "Heard and answered",
  column: "play",
  order: 20,
  mount(body) {
    const canvas = make("canvas", {role: "img", "aria-label": "Notes over the last four bars: yours amber, the answer's blue", style: "height: 190px"})
    body.append(canvas, make("p", {class: "dim", style: "margin: .4rem 0 0"},
      make("span", {style: `color: ${COLOURS.call}`}, "■ heard "), make("span", {style: `color: ${COLOURS.answer}`}, " ■ answered")))
    const notes = [] // {voice, key, pitch, start, end}, in beats
    let anchor = {beat: 0, time: performance.now(), running: false}
    let low = 48
    let high = 84
    let touched = 0
    const now = () => anchor.running
      ? anchor.beat + Math.min((performance.now() - anchor.time) / 60000 * (bridge.values.get("/clock/tempo") ?? 120), 1.5)
      : anchor.beat
    let timer = 0
    const lively = () => performance.now() - touched < 1000 || notes.some(note => note.end === null)
    const soon = () => { clearTimeout(timer); timer = setTimeout(() => requestAnimationFrame(draw), 0) }
    bridge.hear("/clock/beat", beat => { // on which it is drawn, where nothing sounds
      anchor = {beat, time: performance.now(), running: true}
      if (!lively() && !document.hidden) bridge.drawn().then(draw)
    })
    new ResizeObserver(() => { if (!lively()) bridge.drawn().then(draw) }).observe(canvas)
    for (const [path, voice] of [["/music/note/heard", "call"], ["/music/note/out", "answer"]]) {
      bridge.hear(path, (channel, pitch, velocity) => {
        const key = `${voice} ${channel} ${pitch}`
        const at = now()
        if (!lively()) soon()
        touched = performance.now()
        for (const note of notes) if (note.key === key && note.end === null) note.end = at
        if (velocity) {
          notes.push({voice, key, pitch, start: at, end: null, loud: velocity / 127})
          if (notes.length > KEPT) notes.shift()
          low = Math.min(low, pitch)
          high = Math.max(high, pitch)
          canvas.dataset[voice] = Number(canvas.dataset[voice] ?? 0) + 1
        }
      })
    }
    const draw = () => {
      clearTimeout(timer)
      if (lively()) timer = setTimeout(() => requestAnimationFrame(draw), LIVELY)
      if (document.hidden || !canvas.clientWidth) return
      const scale = window.devicePixelRatio || 1
      const width = canvas.clientWidth
      const height = canvas.clientHeight
      if (canvas.width !== Math.round(width * scale)) {
        canvas.width = Math.round(width * scale)
        canvas.height = Math.round(height * scale)
      }
      const context = canvas.getContext("2d")
      context.setTransform(scale, 0, 0, scale, 0, 0)
      const perBar = bridge.values.get("/clock/beats_per_bar") ?? 4
      const beats = BARS * perBar
      const beat = now()
      const from = Math.floor(beat / beats) * beats
      const x = at => (at - from) / beats * width
      const row = height / (high - low + 1)
      context.fillStyle = "#0d1014"
      context.fillRect(0, 0, width, height)
      for (let line = 0; line < beats; line += 1) {
        context.fillStyle = line % perBar ? "#1b2129" : "#39434f"
        context.fillRect(line / beats * width, 0, 1, height)
      }
      for (const note of notes) {
        const end = note.end ?? beat
        const [start, stop, old] = note.end !== null && note.end < from
          ? [note.start + beats, note.end + beats, true] : [Math.max(note.start, from), end, false]
        if (old && stop < beat) continue // swept over
        if (stop < from) continue
        context.globalAlpha = old ? 0.4 : 0.45 + 0.55 * note.loud
        context.fillStyle = COLOURS[note.voice]
        context.fillRect(x(Math.max(start, old ? beat : from)), (high - note.pitch) * row, Math.max(x(stop) - x(start), 6), Math.max(row - 1, 4))
      }
      context.globalAlpha = 1
      context.fillStyle = "#fff"
      context.fillRect(x(beat), 0, 2, height)
    }
    draw()
  },
}
