"""The newest frame as a still: ``/frame.png`` without loss, ``/frame.jpg`` small."""

from typing import TYPE_CHECKING

from bridge import clocks
from bridge.media import encoders
from bridge.media.encoders import Encoder
from bridge.media.sink import ServedSink
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

ENCODERS: dict[str, tuple[Encoder[bytes], str]] = {
    "/frame.png": (encoders.png, "image/png"),
    "/frame.jpg": (encoders.jpeg, "image/jpeg"),
}


class Still(ServedSink):
    """``/frame.png`` and ``/frame.jpg``"""

    name = "still"
    on = Param(True, doc="The newest frame as a picture, at /frame.png and /frame.jpg.")
    paths = tuple(ENCODERS)

    def routes(self) -> "Sequence[BaseRoute]":
        """One a format."""
        from starlette.routing import Route

        return [Route(path, self._answer) for path in self.paths]

    async def _answer(self, request: "Request") -> "Response":
        from starlette.responses import PlainTextResponse, Response

        encoder, media_type = ENCODERS[request.url.path]
        picture = await self.feed.still(encoder)
        if picture is None:
            return PlainTextResponse("no frame has been generated yet\n", 503, {"Retry-After": "1"})
        age = f"{clocks.now() - picture.time:.4f}"
        headers = {"Cache-Control": "no-store", "X-Frame": str(picture.sequence), "X-Age": age}
        return Response(picture.data, media_type=media_type, headers=headers)
