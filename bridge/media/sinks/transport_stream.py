"""H.264 in MPEG-TS over HTTP, for what opens a URL: TouchDesigner's Video Stream In, VLC, OBS, ffplay."""

from typing import TYPE_CHECKING

from bridge.media.feed import FeedClosedError, TooManyReadersError
from bridge.media.relay import Relay
from bridge.media.sink import ServedSink, while_connected
from bridge.media.video import TransportStream
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

    from bridge.media.feed import Feed

CRF = 20
MEGABITS = 16.0
KEY_SECONDS = 1.0
HEADERS = [(b"content-type", b"video/mp2t"), (b"cache-control", b"no-store"), (b"connection", b"close")]


class TransportStreamServed(ServedSink):
    """``/frames.ts``"""

    name = "ts"
    on = Param(True, doc="MPEG-TS over HTTP, at /frames.ts.")
    paths = ("/frames.ts",)

    def routes(self) -> "Sequence[BaseRoute]":
        """One stream."""
        from starlette.routing import Route

        return [Route(self.paths[0], _Stream(self.feed), methods=["GET"])]


class _Stream:
    """An ASGI application."""

    def __init__(self, feed: "Feed") -> None:
        self._relay = Relay(feed, TransportStream(CRF, MEGABITS, KEY_SECONDS))

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.responses import PlainTextResponse

        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await while_connected(receive, self._stream(send))
        except TooManyReadersError as error:
            await PlainTextResponse(f"{error}\n", 503)(scope, receive, send)

    async def _stream(self, send: "Send") -> None:
        with self._relay.turn() as turn:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            while True:
                try:
                    picture = await turn.next()
                except FeedClosedError:
                    await send({"type": "http.response.body", "body": b"", "more_body": False})
                    return
                await send({"type": "http.response.body", "body": picture.data.data, "more_body": True})
