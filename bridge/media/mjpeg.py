"""Motion JPEG over HTTP: ``multipart/x-mixed-replace``, for browsers, players and cameras' clients.

Each part has ``Content-Length``, ``X-Timestamp`` (when the frame was generated, Unix seconds) and ``X-Frame`` (its
number). A reader that is slower than the frames gets what its own system's receive buffer held before it gets the
newest: HTTP has no answer that tells how far it has read. ``/frames.ws`` has.
"""

import time
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from bridge import clocks
from bridge.media import encoders
from bridge.media.feed import Feed, FeedClosedError, Picture, TooManyReadersError
from bridge.media.sink import Sink, while_connected

BOUNDARY = b"antiphon-frame"
HEADERS = {
    "Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY.decode()}",
    "Cache-Control": "no-store",
    "Connection": "close",
}


class Mjpeg(Sink):
    """``/frames.mjpeg``"""

    paths = ("/frames.mjpeg",)

    def routes(self) -> Sequence[BaseRoute]:
        """One stream."""
        return [Route(self.paths[0], self._answer)]

    async def _answer(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(headers=HEADERS)
        return _Stream(self.feed)


class _Stream(Response):
    def __init__(self, feed: Feed) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            with self._feed.reader():
                await while_connected(receive, self._stream(send))
        except TooManyReadersError as error:
            await PlainTextResponse(f"{error}\n", 503)(scope, receive, send)

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
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


async def _send(send: Send, body: bytes) -> None:
    """Send, and return only when the system has taken all of it: the next picture is chosen after that."""
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": True})  # waits for what is before it


def part(picture: Picture) -> bytes:
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
