// node ask.cjs PORT: what the npm package oscquery finds at a port, as JSON.
const {OSCQueryDiscovery} = require("oscquery")

new OSCQueryDiscovery().queryNewService("127.0.0.1", Number(process.argv[2]))
  .then(service => console.log(JSON.stringify({host: service.hostInfo, methods: service.flat()})))
  .catch(error => { console.error(error); process.exit(1) })
