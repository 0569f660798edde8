// Draws the newest frame on a canvas. One frame is decoded at a time; of those that come meanwhile only the newest is kept.

const HEADER = 24

export class Frames {
  // shown(number, age in seconds) follows each frame, shown(null, null) the loss of the stream.
  constructor(canvas, {shown = () => {}, fallback = null} = {}) {
    this._canvas = canvas
    this._shown = shown
    this._fallback = fallback
    this._newest = null
    this._drawing = false
    this._failures = 0
    this._connect()
    document.addEventListener("visibilitychange", () => { if (!document.hidden && !this._socket) this._connect() })
  }

  _connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws"
    const socket = this._socket = new WebSocket(`${scheme}://${location.host}/frames.ws?header=1`)
    socket.binaryType = "arraybuffer"
    socket.onopen = () => { this._failures = 0; this._mjpeg(false) }
    socket.onmessage = event => {
      this._newest = event.data
      this._draw()
      if (document.hidden) socket.close() // nobody looks: nothing need be encoded
    }
    socket.onclose = () => {
      this._socket = null
      if (document.hidden) return
      this._failures += 1
      this._shown(null, null)
      if (this._failures === 3) this._mjpeg(true) // no WebSocket gets through: a proxy, perhaps
      setTimeout(() => { if (!this._socket) this._connect() }, Math.min(this._failures, 10) * 500)
    }
  }

  _mjpeg(on) {
    if (!this._fallback) return
    this._fallback.hidden = !on
    this._canvas.hidden = on
    if (on) this._fallback.src = "/frames.mjpeg"
    else this._fallback.removeAttribute("src")
  }

  async _draw() {
    if (this._drawing) return
    this._drawing = true
    while (this._newest) {
      const message = this._newest
      this._newest = null
      const header = new DataView(message, 0, HEADER)
      try {
        await paint(this._canvas, new Blob([new Uint8Array(message, HEADER)], {type: "image/jpeg"}), header.getBigUint64(0))
        this._shown(Number(header.getBigUint64(0)), header.getFloat64(16))
      } catch (error) {
        console.error(error)
      }
    }
    this._drawing = false
  }
}

// Asks for the newest frame so many times a second, while it is in sight: for a small picture among controls, where a whole
// stream would be work for nothing.
export class Preview {
  // fps is asked each time: a number a second; moment, too: a promise to wait for before the frame is drawn.
  constructor(canvas, {shown = () => {}, fps = () => 10, moment = () => null} = {}) {
    this._canvas = canvas
    this._shown = shown
    this._fps = fps
    this._moment = moment
    this._seen = true
    new IntersectionObserver(entries => { this._seen = entries.at(-1).isIntersecting }).observe(canvas)
    this._ask()
  }

  async _ask() {
    const began = performance.now()
    if (this._seen && !document.hidden) {
      try {
        const answer = await fetch("/frame.jpg")
        const number = answer.headers.get("X-Frame")
        if (!answer.ok) this._shown(null, null)
        else if (number === this._canvas.dataset.frame) await answer.arrayBuffer()
        else {
          await paint(this._canvas, await answer.blob(), number, this._moment)
          const waited = (performance.now() - began) / 1000
          this._shown(Number(number), Number(answer.headers.get("X-Age")) + waited)
        }
      } catch (error) {
        this._shown(null, null) // media is being started again
      }
    }
    setTimeout(() => this._ask(), Math.max(1000 / this._fps() - (performance.now() - began), 10))
  }
}

async function paint(canvas, blob, number, moment = () => null) {
  const bitmap = await createImageBitmap(blob)
  await moment()
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width
    canvas.height = bitmap.height
  }
  canvas.getContext("2d", {alpha: false}).drawImage(bitmap, 0, 0)
  bitmap.close()
  canvas.dataset.frame = number
}
