"""The control room: a page that builds itself from the table of addresses, and speaks OSC over a WebSocket."""
