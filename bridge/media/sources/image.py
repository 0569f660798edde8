"""A still picture that is sent: ``PUT /source/image`` with a JPEG, PNG or WebP; ``DELETE`` takes it away.

It is decoded with limits, for anybody on this machine may send one, and stays until another source begins.
"""

import asyncio
from typing import TYPE_CHECKING

from bridge.media.source import ServedSource
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from bridge.media.intake import Intake, Pixels

MAX_BYTES = 16 << 20
AGAIN_SECONDS = 1.0
"""A still picture is written again this often: a source that is silent counts as gone."""


class ImageSource(ServedSource):
    """``/source/image``"""

    name = "image"
    on = Param(True, doc="A still picture that is sent with PUT to /source/image.")
    paths = ("/source/image",)

    def __init__(self, intake: "Intake") -> None:
        super().__init__(intake)
        self._holding: asyncio.Task[None] | None = None

    def routes(self) -> "Sequence[BaseRoute]":
        """Where a picture goes to."""
        from starlette.routing import Route

        return [Route(self.paths[0], self._take, methods=["PUT", "POST", "DELETE"])]

    async def close(self) -> None:
        """Take the picture away."""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None

    async def _take(self, request: "Request") -> "Response":
        from starlette.responses import JSONResponse, PlainTextResponse, Response

        from bridge.media.intake import decoded

        if request.method == "DELETE":
            await self.close()
            return Response(status_code=204)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MAX_BYTES:
                return PlainTextResponse(f"a picture may have up to {MAX_BYTES} bytes\n", 413)
        try:
            pixels = await asyncio.to_thread(decoded, bytes(body))
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        await self.close()
        self._holding = asyncio.create_task(self._hold(pixels))
        return JSONResponse({"width": pixels.shape[1], "height": pixels.shape[0]}, 201)

    async def _hold(self, pixels: "Pixels") -> None:
        """Show the picture until another source begins."""
        from bridge.media.intake import TakenOverError

        writer = self.intake.begin()
        try:
            while True:
                writer.write(pixels, self.name)
                await asyncio.sleep(AGAIN_SECONDS)
        except TakenOverError:
            pass
        finally:
            writer.close()
