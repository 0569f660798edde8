// A control for each address, by what the table says of it: nothing here knows an address by its name.

import {bridge} from "./bridge.js"
import {label, make} from "./dom.js"

const FEW = 4 // choices that are shown as buttons, more as a list
const SLIDER = 4096 // whole numbers that a slider is good for
let count = 0

// An element that shows a parameter and sets it; options: {label, plain}.
export function parameter(path, options = {}) {
  const entry = bridge.table.get(path)
  const [argument] = entry.arguments
  const id = `c${count += 1}`
  const name = make("span", {id: `${id}-name`, class: "name"}, options.label ?? label(path))
  const row = make("div", {class: "control", "data-path": path, title: `${path}\n${entry.doc}`})
  const build = argument.choices?.length ? choice : {bool: toggle, string: text, float: number, int: number}[argument.type]
  const built = build(path, argument, id)
  row.classList.add(built.kind)
  row.append(name, ...built.elements)
  bridge.watch(path, value => {
    row.dataset.value = value ?? ""
    built.show(value)
  })
  return row
}

// A button that does an action, beside a field for each of its arguments.
export function action(path, options = {}) {
  const entry = bridge.table.get(path)
  const fields = (entry.arguments ?? []).map(argument => field(argument, path))
  const send = () => {
    const values = []
    for (const one of fields) {
      const value = one.value()
      if (value === undefined) break // and what follows has its default too
      values.push(...[value].flat())
    }
    bridge.send(path, ...values)
  }
  const button = make("button", {class: "action", type: "button", onclick: send}, options.label ?? label(path))
  return make("div", {class: "control act", "data-path": path, title: `${path}\n${entry.doc}`},
    button, ...fields.map(one => one.element))
}

function number(path, argument, id) {
  const {low, high} = argument
  const whole = argument.type === "int"
  const ranged = low !== null && low !== undefined && high !== null && high !== undefined
  const step = whole ? 1 : ranged ? fine(high - low) : "any"
  const box = make("input", {
    type: "number", class: "value", step: whole ? 1 : "any", min: low, max: high, inputmode: whole ? "numeric" : "decimal",
    "aria-labelledby": `${id}-name`, onchange: () => { if (box.value !== "") bridge.send(path, Number(box.value)) },
    onkeydown: event => { if (event.key === "Enter") box.select() },
  })
  const elements = [make("span", {class: "amount"}, box, make("span", {class: "unit"}, argument.unit ?? ""))]
  let slider = null
  let held = false
  if (ranged && !(whole && high - low > SLIDER)) {
    const let_go = () => { held = false; show(bridge.values.get(path)) }
    slider = make("input", {
      type: "range", min: low, max: high, step, "aria-labelledby": `${id}-name`,
      oninput: () => { box.value = short(Number(slider.value), step); bridge.send(path, Number(slider.value)) },
      onpointerdown: () => { held = true }, onpointerup: let_go, onpointercancel: let_go, onblur: let_go,
    })
    elements.push(slider)
  }
  const show = value => {
    if (value === null || value === undefined) return
    if (slider && !held) {
      slider.value = value
      slider.style.setProperty("--at", `${100 * (value - low) / (high - low)}%`)
      slider.setAttribute("aria-valuetext", `${short(value, step)} ${argument.unit ?? ""}`)
    }
    if (document.activeElement !== box && !held) box.value = short(value, step)
  }
  return {kind: slider ? "slider" : "number", elements, show}
}

function toggle(path, argument, id) {
  const button = make("button", {
    type: "button", role: "switch", "aria-labelledby": `${id}-name`,
    onclick: () => bridge.send(path, button.getAttribute("aria-checked") !== "true"),
  })
  return {kind: "toggle", elements: [button], show: value => button.setAttribute("aria-checked", Boolean(value))}
}

function choice(path, argument, id) {
  const {choices} = argument
  if (choices.length > FEW || choices.join("").length > 32) {
    const list = make("select", {"aria-labelledby": `${id}-name`, onchange: () => bridge.send(path, list.value)},
      ...choices.map(one => make("option", {value: one}, one.replaceAll("_", " ") || "none")))
    return {kind: "list", elements: [list], show: value => { list.value = value }}
  }
  const buttons = choices.map(one => make("button", {
    type: "button", role: "radio", value: one, onclick: () => bridge.send(path, one),
    onkeydown: event => {
      const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key]
      if (!step) return
      const next = buttons[(buttons.indexOf(event.target) + step + buttons.length) % buttons.length]
      next.focus()
      next.click()
      event.preventDefault()
    },
  }, one.replaceAll("_", " ") || "none"))
  const group = make("div", {class: "choices", role: "radiogroup", "aria-labelledby": `${id}-name`}, ...buttons)
  return {kind: "few", elements: [group], show: value => {
    for (const button of buttons) {
      button.setAttribute("aria-checked", button.value === value)
      button.tabIndex = button.value === value ? 0 : -1
    }
  }}
}

function text(path, argument, id) {
  const box = make("input", {
    type: "text", "aria-labelledby": `${id}-name`, spellcheck: "false", autocomplete: "off", enterkeyhint: "done",
    onchange: () => bridge.send(path, box.value),
  })
  return {kind: "text", elements: [box], show: value => { if (document.activeElement !== box) box.value = value ?? "" }}
}

// A field for one argument of an action; value() is undefined where its default is meant.
function field(argument, path) {
  const name = `${label(path)}: ${argument.name.replaceAll("_", " ")}${argument.unit ? `, ${argument.unit}` : ""}`
  const common = {"aria-label": name, title: name, placeholder: argument.name, "data-argument": argument.name}
  let input
  if (argument.choices?.length) {
    input = make("select", common, ...argument.choices.map(one => make("option", {value: one}, one || "none")))
    input.value = argument.default ?? argument.choices[0]
    return {element: input, value: () => input.value}
  }
  if (argument.type === "bool") {
    input = make("input", {type: "checkbox", ...common})
    input.checked = Boolean(argument.default)
    return {element: make("label", {class: "check"}, input, argument.name), value: () => input.checked}
  }
  const numeric = argument.type === "int" || argument.type === "float"
  input = make("input", {
    type: numeric && !argument.repeats ? "number" : "text", min: argument.low, max: argument.high,
    step: argument.type === "int" ? 1 : "any", value: argument.default, ...common,
  })
  const read = written => numeric ? Number(written) : written
  return {element: input, value: () => {
    if (argument.repeats) return input.value.split(/[\s,]+/).filter(Boolean).map(read)
    if (input.value !== "") return read(input.value)
    return argument.default ?? undefined ?? (numeric ? argument.low ?? 0 : "")
  }}
}

// A step of about a five-hundredth of the range, as people count: 1, 2 or 5 times a power of ten.
function fine(range) {
  const rough = range / 500
  const power = 10 ** Math.floor(Math.log10(rough))
  return Number((power * (rough / power >= 5 ? 5 : rough / power >= 2 ? 2 : 1)).toPrecision(1))
}

function short(value, step) {
  const digits = step === "any" || step >= 1 ? 6 : Math.max(3, 1 + Math.ceil(-Math.log10(step)))
  return String(Number(Number(value).toFixed(Math.min(digits, 6))))
}
