"""The sinks and sources of the media process: each may be turned off and on while others stream, and fails alone."""

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge.media.endpoint import Endpoint
from bridge.media.failure import describe
from bridge.media.feed import Feed
from bridge.media.intake import Intake
from bridge.media.sink import ServedSink
from bridge.media.source import ServedSource
from models.contract import Value


class Served:
    """Every sink that waits for those who ask, and every source that waits for those who send."""

    def __init__(self, feed: Feed, intake: Intake, kinds: Iterable[type[Endpoint]]) -> None:
        """One that cannot be made is reported, and does without; those of other kinds are left out."""
        self._gates: dict[str, _Gate] = {}
        self.routes: list[BaseRoute] = []
        for kind in kinds:
            try:
                if issubclass(kind, ServedSink):
                    gate = _Gate(kind(feed))
                elif issubclass(kind, ServedSource):
                    gate = _Gate(kind(intake))
                else:
                    continue
                self.routes += [gate.route(route) for route in gate.endpoint.routes()]
                self._gates[kind.at()] = gate
            except Exception as error:  # noqa: BLE001  (whatever is wrong with it, it takes nothing with it)
                feed.report(describe(kind.__name__, error))

    @property
    def paths(self) -> tuple[str, ...]:
        """Where frames can be had."""
        sinks = [gate.endpoint for gate in self._gates.values() if isinstance(gate.endpoint, ServedSink)]
        return tuple(path for sink in sinks for path in sink.paths)

    def set(self, at: str, params: Mapping[str, Value]) -> None:
        """Turn what has that address on or off, as its parameters say."""
        gate = self._gates.get(at)
        if gate is not None:
            gate.set(bool(params["on"]))

    async def close(self) -> None:
        """Let go of what outlives a request."""
        for gate in self._gates.values():
            with contextlib.suppress(Exception):
                await gate.endpoint.close()


class _Gate:
    """Lets requests through while its sink or source is on, and ends what streams once it is not."""

    def __init__(self, endpoint: ServedSink | ServedSource) -> None:
        self.endpoint = endpoint
        self._on = True
        self._running: set[asyncio.Future[Any]] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def set(self, on: bool) -> None:
        if self._on and not on:
            for task in self._running:
                task.cancel()
            closing = asyncio.get_running_loop().create_task(self.endpoint.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        self._on = on

    def route(self, route: BaseRoute) -> BaseRoute:
        """Return the route with this gate before it."""
        if isinstance(route, Route | WebSocketRoute):
            route.app = self._guarded(route.app)
        return route

    def _guarded(self, app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            asked = answered = False

            async def receive_first() -> Message:
                nonlocal asked
                asked = True
                return await receive()

            async def send_first(message: Message) -> None:
                nonlocal answered
                answered = True
                await send(message)

            if self._on:
                running = asyncio.ensure_future(app(scope, receive_first, send_first))
                self._running.add(running)
                try:
                    await running
                    return
                except asyncio.CancelledError:
                    if self._on:  # it is not the gate that ended it
                        raise
                finally:
                    running.cancel()
                    self._running.discard(running)
            if not answered:
                if scope["type"] == "websocket" and not asked:
                    await receive()  # websocket.connect
                on = self.endpoint.address("on")
                await PlainTextResponse(f"{self.endpoint.name} is off: {on} 1 turns it on\n", 503)(scope, receive, send)

        return guarded
