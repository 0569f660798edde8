// On top: where the beat is, the tempo, what the session does, how old the picture is.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const WORDS = {waiting: "waiting", listening: "listening", thinking: "thinking", answering: "answering"}

export default {
  title: "Beat",
  column: "top",
  order: 0,
  mount(body) {
    const lights = make("div", {class: "lights", role: "img", "aria-label": "Beat"})
    const bar = make("output", {class: "big", "aria-label": "Bar", title: "Bar"}, "–")
    const tempo = make("output", {class: "big", title: "Tempo"})
    const state = make("output", {class: "state", "data-state": "waiting", "aria-label": "State"}, "waiting")
    body.append(make("style", {}, `
      .lights { display: flex; gap: .35rem } .lights i { width: 26px; height: 26px; border-radius: 50%; background: #2b333e }
      .lights i.on { background: #fff } .lights i:first-child.on { background: var(--call) }
      .big { font-size: 1.6rem; font-weight: 800; font-variant-numeric: tabular-nums; min-width: 2.2rem }
      .big small { font-size: .8rem; color: var(--dim); font-weight: 400 }
      .state { font-size: 1.2rem; font-weight: 700; padding: .1rem .8rem; border-radius: 8px; background: #222932 }
      .state[data-state=listening] { background: var(--call); color: #000 }
      .state[data-state=thinking] { background: #8b6cff }
      .state[data-state=answering] { background: var(--answer); color: #000 }`),
    lights, bar, tempo, state)
    bridge.watch("/clock/beats_per_bar", beats => {
      lights.replaceChildren(...Array.from({length: beats ?? 4}, () => make("i")))
    })
    bridge.watch("/clock/tempo", value => { tempo.replaceChildren(String(Number(Number(value).toFixed(1))), make("small", {}, " bpm")) })
    bridge.hear("/clock/beat", (beat, number, inBar) => {
      if (document.hidden) return
      if (bar.textContent !== String(number + 1)) bar.textContent = number + 1
      for (const [index, light] of [...lights.children].entries()) light.classList.toggle("on", index === inBar)
    })
    bridge.hear("/music/state", value => show(value))
    bridge.watchFacts(facts => { if (facts.has("music/state")) show(facts.get("music/state")) })
    function show(value) {
      if (state.dataset.state === value) return
      state.dataset.state = value
      state.textContent = WORDS[value] ?? value
    }
  },
}
