// How a phone gets here: its address as a picture, told on this machine only.

import {make} from "../dom.js"

export default {
  title: "Phone",
  column: "machine",
  order: 210,
  mount(body) {
    fetch("/page/access.json").then(answer => answer.json()).then(({urls, qr}) => {
      if (!urls.length) {
        body.append(make("p", {class: "dim", style: "margin: 0"}, "This page is served to this machine only. To let a phone in the same network in, start with --http-host 0.0.0.0"))
        return
      }
      const picture = make("div", {role: "img", "aria-label": "QR code of the first address"})
      picture.innerHTML = qr // made by Antiphon
      body.append(make("p", {style: "margin: 0 0 .5rem"}, "Whoever opens this address may control:"), picture,
        ...urls.map(url => make("p", {class: "dim", style: "overflow-wrap: anywhere; margin: .3rem 0"}, url)))
    }).catch(error => console.error(error))
  },
}
