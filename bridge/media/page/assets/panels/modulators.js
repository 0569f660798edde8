// The modulators: what each says now, above its settings.

import {bridge} from "../bridge.js"
import {parameter} from "../controls.js"
import {make} from "../dom.js"

const numbers = () => [...new Set([...bridge.table.keys()].map(path => path.match(/^\/mod\/(\d+)\//)?.[1]).filter(Boolean))]

export default {
  title: "Modulators",
  column: "set",
  order: 120,
  claims: entry => entry.path.startsWith("/mod/"),
  wanted: () => numbers().length > 0,
  mount(body) {
    const meters = new Map()
    body.append(make("style", {}, "#panel-modulators meter { width: 6rem; margin-left: .8rem } #panel-modulators summary { display: flex; align-items: center }"))
    for (const number of numbers()) {
      const meter = make("meter", {min: -1, max: 1, value: 0, hidden: true, "aria-label": `What modulator ${number} says`})
      const told = make("span", {})
      const part = make("details", {"data-part": `mod ${number}`}, make("summary", {}, told, meter))
      for (const entry of bridge.table.values()) {
        if (entry.path.startsWith(`/mod/${number}/`) && entry.kind === "parameter") part.append(parameter(entry.path))
      }
      const say = () => {
        const source = bridge.values.get(`/mod/${number}/source`)
        const target = bridge.values.get(`/mod/${number}/target`)
        told.textContent = `${number}: ${source === "off" || !target ? "off" : `${source} → ${target}`}`
        meter.hidden = source === "off" || !target
      }
      bridge.watch(`/mod/${number}/source`, say)
      bridge.watch(`/mod/${number}/target`, say)
      meters.set(Number(number), meter)
      body.append(part)
    }
    bridge.hear("/mod/value", (number, signal) => { if (meters.has(number)) meters.get(number).value = signal })
  },
}
