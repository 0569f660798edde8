// A melody written as PITCH:BEAT:BEATS:VELOCITY …, as a small picture.

const SVG = "http://www.w3.org/2000/svg"

export function melody(text) {
  const notes = text.split(/\s+/).map(word => word.split(":").map(Number)).filter(note => note.length > 2 && note.every(Number.isFinite))
  const picture = document.createElementNS(SVG, "svg")
  const beats = Math.max(8, ...notes.map(([, start, length]) => start + length))
  const pitches = notes.map(([pitch]) => pitch)
  const low = Math.min(...pitches)
  const range = Math.max(12, Math.max(...pitches) - low)
  const set = (element, values) => { for (const [name, value] of Object.entries(values)) element.setAttribute(name, value) }
  set(picture, {class: "melody", viewBox: "0 0 96 32", role: "img", "aria-label": notes.length ? `a melody of ${notes.length} notes` : "a melody that the model draws"})
  for (const [pitch, start, length] of notes) {
    const note = document.createElementNS(SVG, "rect")
    set(note, {x: 96 * start / beats, y: 28 * (1 - (pitch - low) / range), width: Math.max(96 * length / beats - 0.5, 1.5), height: 3, rx: 1})
    picture.append(note)
  }
  if (!notes.length) {
    const told = document.createElementNS(SVG, "text")
    set(told, {x: 48, y: 21, "text-anchor": "middle"})
    told.textContent = "the model's own"
    picture.append(told)
  }
  return picture
}
