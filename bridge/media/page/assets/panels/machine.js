// Ports, devices, ages and rates: what /info tells.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const PARTS = [
  ["Ports and devices", name => name.startsWith("realtime/midi") || name.startsWith("ports/") || name.startsWith("midi/") || name === "media/url"],
  ["Ages and rates", name => /_(ms|s|hz|fps)(_|$)|per_s|_age/.test(name) || name.includes("lateness")],
  ["Everything else", () => true],
]

export default {
  title: "Machine",
  column: "machine",
  order: 200,
  mount(body) {
    const lists = PARTS.map(([title], index) => {
      const list = make("dl", {class: "facts"})
      body.append(index < 2 ? make("div", {}, make("h3", {}, title), list) : make("details", {}, make("summary", {}, title), list))
      return list
    })
    const known = new Map() // by name, where its value stands: only what changes is touched
    bridge.watchFacts(facts => {
      for (const [name, element] of known) {
        if (facts.has(name)) continue
        element.previousSibling.remove()
        element.remove()
        known.delete(name)
      }
      for (const [name, value] of [...facts].sort()) {
        const shown = typeof value === "number" ? String(Number(value.toPrecision(3))) : value
        if (!known.has(name)) {
          known.set(name, make("dd"))
          lists[PARTS.findIndex(([, takes]) => takes(name))].append(make("dt", {}, name), known.get(name))
        }
        if (known.get(name).textContent !== shown) known.get(name).textContent = shown
      }
    })
  },
}
