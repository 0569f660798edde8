"""What is answered over HTTP: the sinks, the page and the state of health."""

import contextlib
import logging
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.media.failure import describe
from bridge.media.feed import Feed
from bridge.media.guard import Guard

INTERNAL_ERROR = 1011
log = logging.getLogger("antiphon.media")


def build(feed: Feed, more: Iterable[BaseRoute], bound: str) -> ASGIApp:
    """Return the application; ``more`` is what the page and the sinks answer, ``bound`` the host that it listens on."""

    async def health(request: Request) -> JSONResponse:
        frame = feed.ring.newest
        age = feed.ring.age() if frame else None
        state = {"frame": frame, "age_s": age, "readers": feed.readers, "max_readers": feed.max_readers}
        return JSONResponse(state, headers={"Cache-Control": "no-store"})

    routes: list[BaseRoute] = [Route("/healthz", health), *more]
    return Guard(_Contained(Starlette(routes=routes), feed), bound)


class _Contained:
    """Ends a request that fails, reports it, and goes on."""

    def __init__(self, app: ASGIApp, feed: Feed) -> None:
        self._app = app
        self._feed = feed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            log.debug("%s failed", scope.get("path"), exc_info=error)
            self._feed.report(describe(scope.get("path", "?"), error))
            if scope["type"] == "websocket":
                with contextlib.suppress(RuntimeError, OSError):  # closed already
                    await send({"type": "websocket.close", "code": INTERNAL_ERROR})
