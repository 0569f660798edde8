// The page's end of the bridge: the table, the newest values, and one WebSocket on which OSC is spoken.
//
//   bridge.table    Map of every address: {path, kind, arguments, doc}
//   bridge.models   what there is: {name, slot, doc, extra, parameters: {name: path}, at_load: [paths]}
//   bridge.values   Map of every parameter's newest value
//   bridge.facts    Map of what /info tells, such as "music/load_s"
//   bridge.watch(path, callback)   a parameter's value, now and when it changes; at most once an animation frame
//   bridge.hear(path, callback)    an event's values, each time it comes
//   bridge.send(path, ...values)
//   bridge.rests     whether nothing has happened for a while but the clock: nobody plays, touches the page or moves anything
//   bridge.drawn()   a promise that is kept in the next frame that is drawn anyway, such as a beat's: each frame costs, so that
//                    at rest what need not be seen at once waits for one

import {decode, encode} from "./osc.js"

const RATE = 30 // Hz: how often changed parameters are sent to us at most
const LEASE = 3600 // seconds
const FACTS_EVERY = 2000 // ms
const ASKED = "facts"
const RESTS = 10000 // ms
const WAITS = 1000 // ms: when what waits for a frame gets one of its own
const CLOCK = ["/clock/beat", "/clock/bar", "/pong"]

class Bridge {
  constructor() {
    this.table = new Map()
    this.models = []
    this.values = new Map()
    this.facts = new Map()
    this._told = new Set()
    this.online = false
    this.version = ""
    this._watching = new Map()
    this._hearing = new Map()
    this._factWatchers = new Set()
    this._stateWatchers = new Set()
    this._changed = new Set()
    this._drawing = false
    this._waiting = []
    this._stirred = performance.now()
    this._factsChanged = false
    this._failures = 0
    this.token = token()
  }

  async open() {
    const table = await (await fetch("/table.json")).json()
    this.version = table.version
    this.models = table.models
    for (const entry of table.entries) {
      this.table.set(entry.path, entry)
      if (entry.kind === "parameter") this.values.set(entry.path, entry.arguments[0].default ?? null)
    }
    this._connect()
    const stir = () => { this._stirred = performance.now() }
    for (const kind of ["pointerdown", "pointermove", "keydown"]) document.addEventListener(kind, stir, {passive: true})
    setInterval(() => { if (!document.hidden) this.ask() }, FACTS_EVERY)
    setInterval(() => this._subscribe(), LEASE * 500)
  }

  send(path, ...values) {
    if (!this.online) return false
    this._socket.send(encode(path, values))
    return true
  }

  watch(path, callback) {
    add(this._watching, path, callback)
    callback(this.values.get(path))
  }

  get rests() { return performance.now() - this._stirred > RESTS }

  drawn() { return new Promise(done => { this._waiting.push(done); this._later() }) }

  hear(path, callback) { add(this._hearing, path, callback) }

  watchFacts(callback) { this._factWatchers.add(callback); callback(this.facts) }

  watchState(callback) { this._stateWatchers.add(callback); callback(this.online, this.reason) }

  // What is told no more until all is told, such as the progress of what has ended, is forgotten.
  ask() {
    this._told.clear()
    this.send("/info", "")
    this.send("/ping", ASKED)
  }

  _connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws"
    const query = this.token ? `?token=${encodeURIComponent(this.token)}` : ""
    const socket = this._socket = new WebSocket(`${scheme}://${location.host}/osc.ws${query}`)
    socket.binaryType = "arraybuffer"
    socket.onopen = () => {
      this._failures = 0
      this._opened = performance.now()
      this._state(true)
      this._subscribe()
      this.send("//*") // without a value: every parameter tells its own
      this.ask()
    }
    socket.onmessage = event => decode(event.data, (path, values) => this._take(path, values))
    socket.onclose = () => {
      this._failures += 1
      this._state(false)
      setTimeout(() => this._connect(), Math.min(this._failures, 10) * 300)
    }
  }

  _subscribe() { this.send("/subscribe", "*", 0, LEASE, RATE) }

  _state(online) {
    if (online === this.online && this._stated) return
    this._stated = true
    this.online = online
    document.documentElement.toggleAttribute("data-offline", !online)
    for (const callback of this._stateWatchers) callback(online)
  }

  _take(path, values) {
    if (this.values.has(path)) {
      const known = this.values.get(path)
      const value = typeof known === "boolean" || this.table.get(path).arguments[0].type === "bool" ? Boolean(values[0]) : values[0]
      this.values.set(path, value)
      if (!path.startsWith("/clock/")) this._stirred = performance.now()
      this._changed.add(path)
      this._draw()
      return
    }
    if (path === "/info") {
      this._told.add(values[0])
      if (this.facts.get(values[0]) === values[1]) return
      this.facts.set(values[0], values[1])
      this._factsChanged = true
      this._later()
      return
    }
    if (path === "/pong" && values[0] === ASKED) {
      for (const name of this.facts.keys()) {
        if (this._told.has(name)) continue
        this.facts.delete(name)
        this._factsChanged = true
      }
      this._later()
      return
    }
    for (const callback of this._hearing.get(path) ?? []) callback(...values)
    for (const callback of this._hearing.get("*") ?? []) callback(path, ...values)
    if (!CLOCK.includes(path)) this._stirred = performance.now()
    if (path === "/clock/beat" && !document.hidden) this._draw()
  }

  _later() { this._timer ||= setTimeout(() => this._draw(), WAITS) }

  _draw() {
    if (this._drawing) return
    this._drawing = true
    requestAnimationFrame(() => {
      this._drawing = false
      clearTimeout(this._timer)
      this._timer = 0
      for (const done of this._waiting.splice(0)) done()
      const changed = this._changed
      this._changed = new Set()
      for (const path of changed) {
        for (const callback of this._watching.get(path) ?? []) callback(this.values.get(path))
      }
      if (this._factsChanged) {
        this._factsChanged = false
        for (const callback of this._factWatchers) callback(this.facts)
      }
    })
  }
}

function add(map, key, callback) {
  if (!map.has(key)) map.set(key, [])
  map.get(key).push(callback)
}

// The token stands behind '#', which browsers do not send; it is kept for this tab and taken out of the address.
function token() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token")
  if (found) {
    sessionStorage.setItem("token", found)
    history.replaceState(null, "", location.pathname)
  }
  return found ?? sessionStorage.getItem("token") ?? ""
}

export const bridge = new Bridge()
