// What went wrong, newest first.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const KEPT = 100

export default {
  title: "Errors",
  column: "machine",
  order: 6, // on top: what is wrong should be seen
  mount(body) {
    const none = make("p", {class: "dim", style: "margin: 0"}, "Nothing went wrong so far.")
    const list = make("ol", {class: "log", role: "log", "aria-live": "polite", "aria-label": "Errors, newest first"})
    const clear = make("button", {type: "button", hidden: true, onclick: () => { list.replaceChildren(); none.hidden = false; clear.hidden = true }}, "Clear")
    body.append(make("style", {}, `
      .log { list-style: none; margin: 0 0 .5rem; padding: 0; max-height: 300px; overflow: auto }
      .log li { padding: .4rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere } .log b { color: var(--bad) } .log time { color: var(--dim); font-size: .85rem }`),
    none, list, clear)
    bridge.hear("/error", (path, reason) => {
      none.hidden = true
      clear.hidden = false
      list.prepend(make("li", {}, make("time", {}, new Date().toLocaleTimeString()), " ", make("b", {}, path ? `${path} ` : ""), reason))
      while (list.children.length > KEPT) list.lastChild.remove()
    })
  },
}
