// What the bridge tells, but for what other panels show: which scene it is, what was saved, what a list holds.

import {bridge} from "../bridge.js"
import {make} from "../dom.js"

const KEPT = 30
const SHOWN_ELSEWHERE = ["/error", "/pong", "/subscribed", "/unsubscribed", "/music/state", "/clock/beat", "/clock/bar", "/mod/value"]

export default {
  title: "Told",
  column: "machine",
  order: 150,
  mount(body) {
    const list = make("ol", {class: "told", role: "log", "aria-label": "What was told, newest first", style: "list-style: none; margin: 0; padding: 0; max-height: 220px; overflow: auto"})
    body.append(list)
    bridge.hear("*", (path, ...values) => {
      if (SHOWN_ELSEWHERE.includes(path) || path.startsWith("/music/note/")) return
      list.prepend(make("li", {"data-told": path}, make("b", {}, path), " ", values.join(" ")))
      while (list.children.length > KEPT) list.lastChild.remove()
    })
  },
}
