"""What is answered at OSCQuery's port."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from bridge.media.guard import Guard
from bridge.media.page.about import About
from bridge.osc.wire import Value
from bridge.oscquery.listener import Listener
from bridge.oscquery.mirror import Mirror
from bridge.oscquery.namespace import ATTRIBUTES, Namespace

MAX_LISTENERS = 64
NO_STORE = {"Cache-Control": "no-store"}
EXTENSIONS = ("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "TAGS", "UNIT", "LISTEN", "PATH_CHANGED")
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (compared with, not bound to)


class OscQuery:
    """The namespace, the values and whoever listens."""

    def __init__(self, about: About, bound: tuple[str, int]) -> None:
        """``bound`` is the host and port that this is served on."""
        self._about, self._bound = about, bound
        host, port = about.osc
        self._mirror = Mirror((_EVERYWHERE.get(host, host), port), self._heard)
        self._namespace = Namespace(about.table, self._mirror.newest)
        self._listeners: set[Listener] = set()
        self._models: dict[str, tuple[Value, ...]] = {}

    def app(self) -> ASGIApp:
        """Return the application."""
        everything = [WebSocketRoute("/{path:path}", self._listen), Route("/{path:path}", self._answer)]
        return Guard(Starlette(routes=everything), self._bound[0])

    def close(self) -> None:
        """Let go of control."""
        self._mirror.close()

    async def _answer(self, request: Request) -> Response:
        asked = request.url.query
        if asked == "HOST_INFO":
            return JSONResponse(self._host_info(request), headers=NO_STORE)
        await self._mirror.fresh()
        node = self._namespace.node(unquote(request.url.path))
        if node is None:
            return PlainTextResponse("there is no such address\n", 404)
        if not asked:
            return JSONResponse(node, headers=NO_STORE)
        if asked not in ATTRIBUTES:
            return PlainTextResponse(f"an attribute must be one of {', '.join(ATTRIBUTES)}, got {asked!r}\n", 400)
        if asked not in node:
            return Response(status_code=204)
        return JSONResponse({asked: node[asked]}, headers=NO_STORE)

    async def _listen(self, websocket: WebSocket) -> None:
        if len(self._listeners) >= MAX_LISTENERS:
            text = f"up to {MAX_LISTENERS} listeners are served at a time, and so many are\n"
            await websocket.send_denial_response(PlainTextResponse(text, 503))
            return
        listener = Listener(self._namespace, websocket)
        self._listeners.add(listener)
        try:
            with self._mirror.listening():
                await listener.serve()
        finally:
            self._listeners.discard(listener)

    def _heard(self, path: str, values: tuple[Value, ...]) -> None:
        if path not in self._namespace.entries:
            return
        for listener in self._listeners:
            listener.heard(path, values)
        slot, _, last = path.rpartition("/")
        if last == "model" and self._models.get(slot, values) != values:  # other parameters have effect now
            for changed in self._namespace.model_paths(slot):
                for listener in self._listeners:
                    listener.path_changed(changed)
        if last == "model":
            self._models[slot] = values

    def _host_info(self, request: Request) -> Mapping[str, Any]:
        # Where the asker reached this, it reaches the rest, if that is bound there too.
        own = request.url.hostname or self._bound[0]
        osc_host = self._about.osc[0]
        return {
            "NAME": "Antiphon",
            "OSC_IP": own if osc_host in _EVERYWHERE else osc_host,
            "OSC_PORT": self._about.osc[1],
            "OSC_TRANSPORT": "UDP",
            "WS_IP": own,
            "WS_PORT": self._bound[1],
            "EXTENSIONS": dict.fromkeys(EXTENSIONS, True),
        }
