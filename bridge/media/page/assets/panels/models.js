// The models: which one plays and paints, whether it is loaded, how far a download has come.

import {bridge} from "../bridge.js"
import {parameter} from "../controls.js"
import {make} from "../dom.js"

const SLOTS = {"/music": "Plays", "/frames": "Paints"}

export default {
  title: "Models",
  column: "set",
  order: 5,
  claims: entry => Object.keys(SLOTS).some(slot => entry.path === `${slot}/model`),
  mount(body) {
    for (const [slot, verb] of Object.entries(SLOTS)) {
      if (!bridge.table.has(`${slot}/model`)) continue
      const told = make("p", {class: "dim", role: "status", "data-slot": slot, style: "margin: .1rem 0 .6rem"})
      const bar = make("progress", {hidden: true, "aria-label": `${verb}: loading`})
      body.append(parameter(`${slot}/model`, {label: verb}), bar, told)
      const show = () => {
        const wanted = bridge.values.get(`${slot}/model`)
        const name = slot.slice(1)
        const loaded = bridge.facts.get(`${name}/model`)
        const running = bridge.facts.get(`process/${name}`)
        const model = bridge.models.find(one => one.name === wanted && one.slot === slot)
        const seconds = bridge.facts.get(`${name}/load_s`)
        const state = !running ? "is not running" : loaded !== wanted ? "is loading…" : `loaded in ${Number(seconds ?? 0).toFixed(1)} s`
        told.textContent = `${wanted} ${state}. ${model?.doc.split("\n")[0] ?? ""}${model?.extra ? ` Needs antiphon[${model.extra}].` : ""}`
        bar.hidden = !running || loaded === wanted
      }
      bridge.watch(`${slot}/model`, show)
      bridge.watchFacts(show)
    }
    // What tells how far it is, as facts KIND/NUMBER/progress from 0 to 1 and KIND/NUMBER/told: a download, a training.
    const progress = make("div", {class: "running"})
    body.append(progress)
    const bars = new Map()
    bridge.watchFacts(facts => {
      const running = new Map([...facts].filter(([name]) => name.endsWith("/progress")).map(([name, value]) => [name.slice(0, -"/progress".length), value]))
      for (const name of [...bars.keys()].filter(name => !running.has(name))) {
        bars.get(name).label.remove()
        bars.delete(name)
      }
      for (const [name, value] of running) {
        if (!bars.has(name)) {
          const told = make("span")
          const bar = make("progress", {max: 1})
          bars.set(name, {told, bar, label: make("label", {class: "dim", "data-running": name}, told, bar)})
          progress.append(bars.get(name).label)
        }
        const {told, bar} = bars.get(name)
        told.textContent = `${name.split("/")[0]}: ${facts.get(`${name}/told`) ?? ""}, ${Math.round(100 * value)} %`
        bar.value = value
      }
    })
  },
}
