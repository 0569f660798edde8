"""``/osc.ws``: OSC packets over a WebSocket, to control and back.

Whoever opens it is a client of control as any other, over a TCP connection of its own: with its own subscriptions,
errors and limits. Each binary message is one packet; what waits to be sent is sent as one bundle.
"""

import asyncio
import contextlib

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.media.page.access import Access
from bridge.osc.framing import TCP_LIMIT, Deframer, frame
from bridge.osc.wire import IMMEDIATELY, encode_bundle

CHUNK = 1 << 16
TRY_AGAIN = 1013
MAX_CONNECTIONS = 64
"""Pages at a time; control itself takes more."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not bound to)


class Relay:
    """Carries packets between WebSockets and control."""

    def __init__(self, osc: tuple[str, int], access: Access) -> None:
        """``osc`` is where control listens."""
        self._host, self._port = _EVERYWHERE.get(osc[0], osc[0]), osc[1]
        self._access = access
        self._open: set[WebSocket] = set()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._open)

    async def answer(self, websocket: WebSocket) -> None:
        """Serve one WebSocket until it or control ends."""
        refusal = self._access.refusal(websocket)
        if refusal:
            await websocket.send_denial_response(PlainTextResponse(f"{refusal}\n", 403))
            return
        if len(self._open) >= MAX_CONNECTIONS:
            text = f"up to {MAX_CONNECTIONS} pages are served at a time, and so many are\n"
            await websocket.send_denial_response(PlainTextResponse(text, 503))
            return
        self._open.add(websocket)
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError as error:
            self._open.discard(websocket)
            text = f"control does not answer at {self._host}:{self._port}: {error}\n"
            await websocket.send_denial_response(PlainTextResponse(text, 503))
            return
        try:
            await websocket.accept()
            up, down = asyncio.ensure_future(_up(websocket, writer)), asyncio.ensure_future(_down(websocket, reader))
            try:
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (up, down):
                    task.cancel()
                await asyncio.gather(up, down, return_exceptions=True)
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # it was the page that went
                await websocket.close(TRY_AGAIN, "control has ended the connection")
        finally:
            self._open.discard(websocket)
            writer.close()


async def _up(websocket: WebSocket, writer: asyncio.StreamWriter) -> None:
    while (message := await websocket.receive())["type"] == "websocket.receive":
        packet = message.get("bytes")
        if packet:
            writer.write(frame(packet, "length"))
            await writer.drain()


async def _down(websocket: WebSocket, reader: asyncio.StreamReader) -> None:
    deframer = Deframer(TCP_LIMIT)
    while data := await reader.read(CHUNK):
        deframer.feed(data)
        packets = []
        while (packet := deframer.next_packet()) is not None:
            packets.append(packet)
        if packets:
            # While this waits for a slow page, control keeps what follows, and at last gives the page up.
            await websocket.send_bytes(packets[0] if len(packets) == 1 else encode_bundle(IMMEDIATELY, packets))
