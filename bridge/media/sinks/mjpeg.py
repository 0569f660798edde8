"""Motion JPEG over HTTP: ``multipart/x-mixed-replace``, for browsers, players and cameras' clients.

Each part has ``Content-Length``, ``X-Timestamp`` (when the frame was generated, Unix seconds) and ``X-Frame`` (its
number). A reader that is slower than the frames gets what its own system's receive buffer held before it gets the
newest: HTTP has no answer that tells how far it has read. ``/frames.ws`` has.
"""

import time
from typing import TYPE_CHECKING

from bridge import clocks
from bridge.media import encoders
from bridge.media.feed import Feed, FeedClosedError, Picture, TooManyReadersError
from bridge.media.sink import ServedSink, while_connected
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute
    from starlette.types import Receive, Scope, Send

BOUNDARY = b"antiphon-frame"
HEADERS = [
    (b"content-type", b"multipart/x-mixed-replace; boundary=" + BOUNDARY),
    (b"cache-control", b"no-store"),
    (b"connection", b"close"),
]


class Mjpeg(ServedSink):
    """``/frames.mjpeg``"""

    name = "mjpeg"
    on = Param(True, doc="Motion JPEG over HTTP, at /frames.mjpeg.")
    paths = ("/frames.mjpeg",)

    def routes(self) -> "Sequence[BaseRoute]":
        """One stream."""
        from starlette.routing import Route

        return [Route(self.paths[0], _Stream(self.feed), methods=["GET"])]


class _Stream:
    """An ASGI application."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        from starlette.responses import PlainTextResponse

        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            with self._feed.reader():
                await while_connected(receive, self._stream(send))
        except TooManyReadersError as error:
            await PlainTextResponse(f"{error}\n", 503)(scope, receive, send)

    async def _stream(self, send: "Send") -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        # The boundary goes at the end of each part, not before the next, for browsers show a part once they see it.
        await _send(send, b"--" + BOUNDARY + b"\r\n")
        after = 0
        while True:
            try:
                picture = await self._feed.picture(encoders.jpeg, after)
            except FeedClosedError:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            await _send(send, part(picture))
            self._feed.sent(picture, after)
            after = picture.sequence


async def _send(send: "Send", body: bytes) -> None:
    """Send, and return only when the system has taken all of it: the next picture is chosen after that."""
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": True})  # waits for what is before it


def part(picture: Picture[bytes]) -> bytes:
    """Return a picture as one part, with the boundary after it."""
    unix = time.time() - (clocks.now() - picture.time)
    return b"".join(
        (
            b"Content-Type: image/jpeg\r\n",
            b"Content-Length: %d\r\nX-Timestamp: %.6f\r\nX-Frame: %d\r\n\r\n"
            % (len(picture.data), unix, picture.sequence),
            picture.data,
            b"\r\n--" + BOUNDARY + b"\r\n",
        )
    )
