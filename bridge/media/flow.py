"""Connections that hold one frame at most: what waits in buffers is old by the time it is read.

uvicorn's protocols, told to count a frame as sent only once the system has taken all of it, and to drop a reader that
takes nothing for a long time. The system in turn is told to take little more than the network does.
"""

import asyncio
import socket
import struct

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame

UNSENT_BYTES = 16384
"""The system takes more once it has fewer than this unsent."""
UNREAD_MESSAGES = 3
"""On the way to a WebSocket's peer at a time."""
STALLED_SECONDS = 60.0
"""A reader that takes nothing for this long is disconnected."""

_PING = struct.Struct("!Q")


class _Patience:
    """Disconnects a peer that takes nothing for STALLED_SECONDS."""

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.Transport) -> None:
        self.end()
        self._timer = asyncio.get_running_loop().call_later(STALLED_SECONDS, transport.abort)

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Http(H11Protocol):
    """HTTP with small buffers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep this connection's buffers small."""
        self._patience = _Patience()
        transport.set_write_buffer_limits(high=0)
        _keep_little(transport.get_extra_info("socket"))
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Not all has been taken."""
        self._patience.start(self.transport)
        super().pause_writing()

    def resume_writing(self) -> None:
        """All has been taken."""
        self._patience.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._patience.end()
        super().connection_lost(exc)


class WebSocket(WebSocketsSansIOProtocol):
    """WebSocket on a connection that began as :class:`Http`.

    With each binary message goes a ping, which the peer answers once it has read so far: only a few messages are on the
    way at a time, whatever the buffers in between could hold. To a peer that never answers, that rule does not apply.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over; its buffers are small already."""
        self._patience = _Patience()
        self._sent = self._read = 0
        self._answered = asyncio.Event()
        super().connection_made(transport)

    async def send(self, message: ASGISendEvent) -> None:
        """Send, and return only when the peer can take more: the next picture is chosen after that."""
        data = message.get("bytes") if message["type"] == "websocket.send" else None
        if data is None:
            await super().send(message)
            return
        if self.disconnected:
            raise ClientDisconnected
        self._sent += 1
        try:
            self.conn.send_binary(data)
            self.conn.send_ping(_PING.pack(self._sent))
        except InvalidState:  # closing
            raise ClientDisconnected from None
        self.transport.write(b"".join(self.conn.data_to_send()))
        await self.writable.wait()
        while self._read and self._sent - self._read >= UNREAD_MESSAGES and not self.disconnected:
            self._answered.clear()
            self._patience.start(self.transport)
            await self._answered.wait()
            self._patience.end()

    def handle_pong(self, event: Frame) -> None:
        """The peer has read so far."""
        if len(event.data) == _PING.size:
            self._read = max(self._read, *_PING.unpack(event.data))
            self._answered.set()
        else:
            super().handle_pong(event)

    def pause_writing(self) -> None:
        """Not all has been taken."""
        self._patience.start(self.transport)
        super().pause_writing()

    def resume_writing(self) -> None:
        """All has been taken."""
        self._patience.end()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._patience.end()
        super().connection_lost(exc)
        self._answered.set()


# ---- what differs by system


def _keep_little(sock: socket.socket) -> None:
    """Have the system take no more than it can soon send."""
    unsent = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux, macOS
    if unsent is not None:
        sock.setsockopt(socket.IPPROTO_TCP, unsent, UNSENT_BYTES)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * UNSENT_BYTES)
