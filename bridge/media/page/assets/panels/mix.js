// Two of a kind and how much of each: prompts with their weights, textures, whatever is declared as what, second_what, blend.

import {bridge} from "../bridge.js"
import {parameter} from "../controls.js"
import {label, make} from "../dom.js"

function mixes() {
  const found = []
  for (const path of bridge.table.keys()) {
    const [, root, what] = path.match(/^(.*\/)second_([^/]+)$/) ?? []
    if (what && bridge.table.has(root + what) && bridge.table.has(`${root}blend`)) found.push({first: root + what, second: path, blend: `${root}blend`, root})
  }
  return found
}

export default {
  title: "Mix",
  column: "set",
  order: 10,
  claims: entry => mixes().some(mix => [mix.first, mix.second, mix.blend].includes(entry.path)),
  wanted: () => mixes().length > 0,
  mount(body) {
    body.append(make("style", {}, `
      .mix .side { display: grid; grid-template-columns: 1fr auto; align-items: end; gap: .6rem }
      .mix .side .control { grid-template-columns: 1fr; padding: 0 } .mix .side .choices { justify-content: start }
      .mix .weight { font-size: 1.5rem; font-weight: 800; min-width: 4.6rem; text-align: right; font-variant-numeric: tabular-nums; padding-bottom: .3rem }`))
    for (const mix of mixes()) {
      const weights = [make("output", {class: "weight", "aria-label": `Weight of ${label(mix.first)}`}), make("output", {class: "weight", "aria-label": `Weight of ${label(mix.second)}`})]
      const part = make("div", {class: "mix", "data-mix": mix.root},
        make("div", {class: "side"}, parameter(mix.first), weights[0]),
        make("div", {class: "side"}, parameter(mix.second), weights[1]),
        parameter(mix.blend))
      body.append(part)
      bridge.watch(mix.blend, blend => {
        weights[0].textContent = `${Math.round(100 * (1 - blend))} %`
        weights[1].textContent = `${Math.round(100 * blend)} %`
      })
      const model = bridge.models.find(one => Object.values(one.parameters).includes(mix.first))
      if (model) bridge.watch(`${model.slot}/model`, name => { part.dataset.model = model.name; part.style.display = name === model.name ? "" : "none" })
    }
  },
}
