// The page: finds the panels, puts each in its column, and keeps panic in reach.
//
// A panel is a module in panels/ whose default export is
//   {title, column: "top" | "play" | "set" | "machine", order, claims?(entry), wanted?(), mount(body)}
// claims tells which addresses it shows by itself; all others get a control in the group of their first word. wanted: whether
// it is of use with this table. Nothing else need be told of a new panel.

import {bridge} from "./bridge.js"
import {make} from "./dom.js"
import {groups} from "./groups.js"

const at = id => document.getElementById(id)

function panic() {
  bridge.send("/panic")
  at("panic").classList.add("pressed")
  setTimeout(() => at("panic").classList.remove("pressed"), 300)
}

function place(panel) {
  if (panel.column === "top") {
    panel.mount(at("top"))
    return
  }
  const id = `panel-${panel.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`
  const body = make("div", {class: "body"})
  const section = make("section", {id, class: "panel", "aria-labelledby": `${id}-title`},
    make("h2", {id: `${id}-title`}, panel.title), body)
  document.querySelector(`[data-column=${panel.column}]`).append(section)
  at("nav").append(make("a", {href: `#${id}`}, panel.title))
  panel.mount(body)
}

async function start() {
  at("panic").addEventListener("click", panic)
  document.addEventListener("keydown", event => { if (event.key === "Escape") panic() })
  const paths = await (await fetch("/page/panels.json")).json()
  const [, ...modules] = await Promise.all([bridge.open(), ...paths.map(path => import(path).catch(broken(path)))])
  const panels = modules.filter(Boolean).map(module => module.default)
  const wanted = panels.filter(panel => panel.wanted?.() ?? true)
  const claimed = new Set()
  for (const entry of bridge.table.values()) {
    if (wanted.some(panel => panel.claims?.(entry))) claimed.add(entry.path)
  }
  wanted.push(...groups(claimed))
  wanted.sort((one, other) => one.order - other.order)
  for (const panel of wanted) {
    try {
      place(panel)
    } catch (error) {
      console.error(error)
    }
  }
  bridge.watchState(online => {
    at("offline").hidden = online
    at("offline").textContent = bridge.token || ["localhost", "127.0.0.1", "[::1]"].includes(location.hostname)
      ? "Not connected: waiting for Antiphon…"
      : "Not connected. From another machine, open the address with the token that Antiphon printed when it started."
  })
  document.documentElement.dataset.ready = ""
}

function broken(path) {
  return error => { console.error(path, error) }
}

start()
