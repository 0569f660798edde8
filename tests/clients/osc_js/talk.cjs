// node talk.cjs PORT: subscribes, sets, asks and is refused over TCP in SLIP, by npm's osc. Prints each message as a line
// of JSON, and ends when the last of what it wants has come.
const osc = require("osc")

const bridge = new osc.TCPSocketPort({address: "127.0.0.1", port: Number(process.argv[2]), metadata: true})
const send = (address, ...args) => bridge.send({address, args})
const int = value => ({type: "i", value})

bridge.on("ready", () => {
  send("/subscribe", {type: "s", value: "/music/*"})
  // 192 and 219 are the bytes that SLIP must escape.
  send("/ping", int(192), int(219), int(0xc0db), {type: "s", value: "one packet"})
  bridge.send({timeTag: {raw: [0, 1]}, packets: [
    {address: "/music/call_bars", args: [int(3)]},
    {address: "/music/temperature", args: [{type: "f", value: 1.5}]},
  ]})
  send("/music/call_bars")
  send("/music/call_bars", int(1000))
  send("/ping", {type: "s", value: "the end"})
})
bridge.on("message", message => {
  const values = message.args.map(argument => argument.value)
  console.log(JSON.stringify([message.address, ...values]))
  if (message.address === "/pong" && values[0] === "the end") bridge.close()
})
bridge.on("error", error => { console.error(error); process.exit(1) })
bridge.open()
