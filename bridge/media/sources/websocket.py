"""Pictures over a WebSocket, and a page that sends a browser's camera: ``/source.ws``, ``/camera``.

Each binary message is a JPEG, PNG or WebP; each is answered with its number once it has been taken, so that a sender
need not send faster. The newest one counts: what comes while one is decoded takes the place of what came before.
"""

import asyncio
import contextlib
import importlib.resources
from typing import TYPE_CHECKING

from bridge.media.source import ServedSource
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.websockets import WebSocket

MAX_BYTES = 4 << 20
"""Of a message."""
MAX_SENDERS = 4
POLICY, TRY_LATER = 1008, 1013


class WebSocketSource(ServedSource):
    """``/source.ws`` and ``/camera``"""

    name = "websocket"
    on = Param(True, doc="Pictures over WebSocket, at /source.ws; the page /camera sends a browser's camera.")
    paths = ("/source.ws", "/camera")
    _senders = 0

    def routes(self) -> "Sequence[BaseRoute]":
        """The stream and the page."""
        from starlette.routing import Route, WebSocketRoute

        return [WebSocketRoute("/source.ws", self._take), Route("/camera", self._page)]

    async def _page(self, request: "Request") -> "Response":
        from starlette.responses import HTMLResponse

        html = importlib.resources.files("bridge.media.sources").joinpath("camera.html").read_text("utf-8")
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    async def _take(self, websocket: "WebSocket") -> None:
        from starlette.websockets import WebSocketDisconnect

        from bridge.media.intake import TakenOverError

        await websocket.accept()
        if self._senders >= MAX_SENDERS:
            await websocket.close(TRY_LATER, f"up to {MAX_SENDERS} may send at a time")
            return
        websocket.scope["extensions"]["antiphon.flow"].accept_messages(MAX_BYTES)
        self._senders += 1
        newest: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(1)
        receiving = asyncio.create_task(_receive(websocket, newest))
        try:
            with contextlib.suppress(WebSocketDisconnect):
                await self._write(websocket, newest, receiving)
        except TakenOverError:
            await websocket.close(POLICY, "another source has begun")
        except ValueError as error:
            await websocket.close(POLICY, str(error)[:120])
        finally:
            self._senders -= 1
            receiving.cancel()

    async def _write(
        self, websocket: "WebSocket", newest: "asyncio.Queue[tuple[int, bytes]]", receiving: "asyncio.Task[None]"
    ) -> None:
        from bridge.media.intake import decoded

        writer = None
        try:
            while True:
                waiting = asyncio.ensure_future(newest.get())
                await asyncio.wait({waiting, receiving}, return_when=asyncio.FIRST_COMPLETED)
                if not waiting.done():
                    waiting.cancel()
                    return
                number, data = waiting.result()
                pixels = await asyncio.to_thread(decoded, data)
                writer = writer or self.intake.begin()
                writer.write(pixels, self.name)
                await websocket.send_text(str(number))
        finally:
            if writer is not None:
                writer.close()


async def _receive(websocket: "WebSocket", newest: "asyncio.Queue[tuple[int, bytes]]") -> None:
    """Keep the newest message, until the sender is gone."""
    number = 0
    while (message := await websocket.receive())["type"] == "websocket.receive":
        if message.get("bytes") is not None:
            number += 1
            if newest.full():
                newest.get_nowait()
            newest.put_nowait((number, message["bytes"]))
