"""Binary JPEG over WebSocket: one message a frame, for pages and programs.

With ``?header=1`` each message begins with 24 bytes in network order: the frame's number (u64), when it was generated
(f64, Unix seconds) and its age when it was sent (f64, seconds).
"""

import contextlib
import struct
import time
from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge import clocks
from bridge.media import encoders
from bridge.media.feed import FeedClosedError, Picture, TooManyReadersError
from bridge.media.sink import Sink, while_connected

HEADER = struct.Struct("!Qdd")
GOING_AWAY = 1001


class WebSocketFrames(Sink):
    """``/frames.ws``"""

    paths = ("/frames.ws",)

    def routes(self) -> Sequence[BaseRoute]:
        """One stream."""
        return [WebSocketRoute(self.paths[0], self._answer)]

    async def _answer(self, websocket: WebSocket) -> None:
        try:
            with self.feed.reader(), contextlib.suppress(WebSocketDisconnect):
                await websocket.accept()
                await while_connected(websocket.receive, self._stream(websocket))
        except TooManyReadersError as error:
            await websocket.send_denial_response(PlainTextResponse(f"{error}\n", 503))

    async def _stream(self, websocket: WebSocket) -> None:
        with_header = websocket.query_params.get("header") == "1"
        after = 0
        while True:
            try:
                picture = await self.feed.picture(encoders.jpeg, after)
            except FeedClosedError:
                await websocket.close(GOING_AWAY, "Antiphon is ending")
                return
            await websocket.send_bytes(header(picture) + picture.data if with_header else picture.data)
            self.feed.sent(picture, after)
            after = picture.sequence


def header(picture: Picture) -> bytes:
    """Return the 24 bytes that tell about a picture."""
    age = clocks.now() - picture.time
    return HEADER.pack(picture.sequence, time.time() - age, age)
