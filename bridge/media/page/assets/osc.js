// OSC packets: values to bytes, and back. Numbers go out as ints where they are whole, else as doubles, so that 0.7 stays
// 0.7; the table makes of them what an address takes.

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const IMMEDIATELY = 8 + 8

export function encode(path, values) {
  let tags = ","
  const parts = []
  for (const value of values) {
    if (typeof value === "boolean") tags += value ? "T" : "F"
    else if (typeof value === "string") {
      tags += "s"
      parts.push(padded(value))
    } else {
      const whole = Number.isInteger(value) && Math.abs(value) < 2 ** 31
      const bytes = new DataView(new ArrayBuffer(whole ? 4 : 8))
      if (whole) bytes.setInt32(0, value)
      else bytes.setFloat64(0, value)
      tags += whole ? "i" : "d"
      parts.push(new Uint8Array(bytes.buffer))
    }
  }
  parts.unshift(padded(path), padded(tags))
  const packet = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let offset = 0
  for (const part of parts) {
    packet.set(part, offset)
    offset += part.length
  }
  return packet
}

// Calls each(path, values) for every message of a packet, those of bundles in their order.
export function decode(buffer, each, start = 0, end = buffer.byteLength) {
  const view = new DataView(buffer)
  if (view.getUint8(start) === 0x23) { // '#': a bundle
    for (let offset = start + IMMEDIATELY; offset + 4 <= end;) {
      const size = view.getInt32(offset)
      decode(buffer, each, offset + 4, offset + 4 + size)
      offset += 4 + size
    }
    return
  }
  let offset = start
  const text = () => {
    const from = offset
    const bytes = new Uint8Array(buffer, from, end - from)
    const length = bytes.indexOf(0)
    offset = from + (length & ~3) + 4
    return decoder.decode(bytes.subarray(0, length))
  }
  const path = text()
  const values = []
  for (const tag of text().slice(1)) {
    switch (tag) {
      case "i": values.push(view.getInt32(offset)); offset += 4; break
      case "f": values.push(shortest(view.getFloat32(offset))); offset += 4; break
      case "d": values.push(view.getFloat64(offset)); offset += 8; break
      case "h": values.push(Number(view.getBigInt64(offset))); offset += 8; break
      case "s": values.push(text()); break
      case "T": values.push(true); break
      case "F": values.push(false); break
      case "N": values.push(null); break
      default: return // what the page never shows: blobs, arrays
    }
  }
  each(path, values)
}

// 0.7 sent as a float of 32 bits is 0.699999988: the shortest number that is the same float.
function shortest(value) {
  const short = Number(value.toPrecision(7))
  return Math.fround(short) === value ? short : value
}

function padded(text) {
  const bytes = encoder.encode(text)
  const whole = new Uint8Array((bytes.length & ~3) + 4)
  whole.set(bytes)
  return whole
}
