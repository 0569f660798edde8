"""What is answered over HTTP: the sinks, the page and the state of health."""

import contextlib
import importlib.resources
import logging
import traceback
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.media.feed import Feed
from bridge.media.guard import Guard
from bridge.media.sink import Sink

INTERNAL_ERROR = 1011
log = logging.getLogger("antiphon.media")


def build(feed: Feed, sinks: Iterable[type[Sink]], bound: str) -> ASGIApp:
    """Return the application; ``bound`` is the host that it listens on."""
    html = importlib.resources.files("bridge.media").joinpath("page", "index.html").read_text("utf-8")

    async def page(request: Request) -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    async def health(request: Request) -> JSONResponse:
        frame = feed.ring.newest
        age = feed.ring.age() if frame else None
        state = {"frame": frame, "age_s": age, "readers": feed.readers, "max_readers": feed.max_readers}
        return JSONResponse(state, headers={"Cache-Control": "no-store"})

    routes: list[BaseRoute] = [Route("/", page), Route("/healthz", health)]
    for sink in sinks:
        try:
            routes += sink(feed).routes()
        except Exception as error:  # noqa: BLE001  (a sink, whatever is wrong with it, takes nothing with it)
            feed.report(_describe(sink.__name__, error))
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
            self._feed.report(_describe(scope.get("path", "?"), error))
            if scope["type"] == "websocket":
                with contextlib.suppress(RuntimeError, OSError):  # closed already
                    await send({"type": "websocket.close", "code": INTERNAL_ERROR})


def _describe(what: str, error: Exception) -> str:
    """Say what failed, how and where, in one line."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{what} failed: {type(error).__name__}: {error} ({place.filename.rpartition('/')[2]}:{place.lineno})"
