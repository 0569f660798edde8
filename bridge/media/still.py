"""The newest frame as a still: ``/frame.png`` without loss, ``/frame.jpg`` small."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bridge.media import encoders
from bridge.media.encoders import Encoder
from bridge.media.sink import Sink

ENCODERS: dict[str, tuple[Encoder, str]] = {
    "/frame.png": (encoders.png, "image/png"),
    "/frame.jpg": (encoders.jpeg, "image/jpeg"),
}


class Still(Sink):
    """``/frame.png`` and ``/frame.jpg``"""

    paths = tuple(ENCODERS)

    def routes(self) -> Sequence[BaseRoute]:
        """One a format."""
        return [Route(path, self._answer) for path in self.paths]

    async def _answer(self, request: Request) -> Response:
        encoder, media_type = ENCODERS[request.url.path]
        picture = await self.feed.still(encoder)
        if picture is None:
            return PlainTextResponse("no frame has been generated yet\n", 503, {"Retry-After": "1"})
        headers = {"Cache-Control": "no-store", "X-Frame": str(picture.sequence)}
        return Response(picture.data, media_type=media_type, headers=headers)
