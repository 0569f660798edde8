"""One WebSocket: LISTEN and IGNORE come in, values and PATH_CHANGED go out."""

import asyncio
import contextlib
from collections import deque
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.media.sink import while_connected
from bridge.osc.wire import Value, encode
from bridge.oscquery.namespace import Namespace

MAX_EVENTS = 1_024
"""That wait for a slow reader; older ones are lost."""
MAX_PATHS = 4_096
"""That one reader may listen to."""


class Command(msgspec.Struct):
    """What a client says."""

    command: str = msgspec.field(name="COMMAND")
    data: str = msgspec.field(name="DATA", default="")


class Listener:
    """Sends of each parameter the newest value only, however slowly it is read; events in their order."""

    def __init__(self, namespace: Namespace, websocket: WebSocket) -> None:
        self._namespace = namespace
        self._websocket = websocket
        self._paths: set[str] = set()
        self._newest: dict[str, tuple[Value, ...]] = {}
        self._events: deque[tuple[str, tuple[Value, ...]]] = deque(maxlen=MAX_EVENTS)
        self._changed: deque[str] = deque(maxlen=MAX_EVENTS)
        self._wake = asyncio.Event()

    async def serve(self) -> None:
        """Answer until the client goes."""
        await self._websocket.accept()
        with contextlib.suppress(WebSocketDisconnect):
            await while_connected(self._receive, self._send())

    def heard(self, path: str, values: tuple[Value, ...]) -> None:
        """An address has new values."""
        if path not in self._paths:
            return
        if self._namespace.entries[path]["kind"] == "parameter":
            self._newest[path] = values
        else:
            self._events.append((path, values))
        self._wake.set()

    def path_changed(self, path: str) -> None:
        """Something about a node other than its value has changed."""
        self._changed.append(path)
        self._wake.set()

    async def _receive(self) -> Any:
        message = await self._websocket.receive()
        text = message.get("text")
        if text:
            with contextlib.suppress(msgspec.MsgspecError):
                self._obey(msgspec.json.decode(text, type=Command))
        return message

    def _obey(self, said: Command) -> None:
        path = said.data
        if said.command == "LISTEN" and path in self._namespace.entries and len(self._paths) < MAX_PATHS:
            self._paths.add(path)
        elif said.command == "IGNORE":
            self._paths.discard(path)
            self._newest.pop(path, None)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._changed:
                said = {"COMMAND": "PATH_CHANGED", "DATA": self._changed.popleft()}
                await self._websocket.send_text(msgspec.json.encode(said).decode())
            while self._events or self._newest:
                path, values = self._events.popleft() if self._events else self._newest.popitem()
                typed, tags = self._namespace.typed(path, values)
                await self._websocket.send_bytes(encode(path, typed, tags))
