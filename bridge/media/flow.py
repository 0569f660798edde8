"""Connections that hold one frame at most: what waits in buffers is old by the time it is read.

uvicorn's protocols, told to count a frame as sent only once the system has taken all of it, and to drop a reader that
takes nothing for a long time. The system in turn is told to take little more than the network does.
"""

import asyncio
import socket
from collections import deque
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import State

UNSENT_BYTES = 16384
"""The system takes more once it has fewer than this unsent."""
UNREAD_MESSAGES = 3
"""On the way to a WebSocket's peer at a time."""
STALLED_SECONDS = 60.0
"""A reader that takes nothing for this long is disconnected."""

PING_BYTES = 8
"""Of a ping that goes with a frame."""


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
    """WebSocket on a connection that began as :class:`Http`; a ``bridge.media.broadcast.Reader``.

    With each frame goes a ping, which the peer answers once it has read so far: only a few frames are on the way at a
    time, whatever the buffers in between could hold. To a peer that never answers, that rule does not apply.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over; its buffers are small already."""
        self._patience = _Patience()
        self._unread: deque[int] = deque(maxlen=UNREAD_MESSAGES)
        self._answers = False
        self.on_ready: Callable[[], None] = lambda: None
        super().connection_made(transport)

    async def run_asgi(self) -> None:
        """Run the application, which finds this under ``antiphon.flow`` of the scope's extensions."""
        self.scope["extensions"]["antiphon.flow"] = self  # type: ignore[assignment]
        await super().run_asgi()

    def accept_messages(self, most: int) -> None:
        """Take messages of up to so many bytes from this peer."""
        self.conn.max_message_size = most

    @property
    def ready(self) -> bool:
        """Whether the peer can take a frame now."""
        return (
            self.writable.is_set()
            and not (self._answers and len(self._unread) == UNREAD_MESSAGES)
            and self.conn.state is State.OPEN
            and not self.disconnected
        )

    def put(self, message: bytes, number: int) -> None:
        """Write a frame that ``bridge.media.broadcast.framed`` made."""
        self._unread.append(number)
        self.transport.write(message)
        if self._answers and len(self._unread) == UNREAD_MESSAGES:
            self._patience.start(self.transport)

    def handle_pong(self, event: Frame) -> None:
        """The peer has read so far."""
        if len(event.data) != PING_BYTES:
            super().handle_pong(event)
            return
        self._answers = True
        number = int.from_bytes(event.data, "big")
        while self._unread and self._unread[0] <= number:
            self._unread.popleft()
        self._patience.end()
        self.on_ready()

    def pause_writing(self) -> None:
        """Not all has been taken."""
        self._patience.start(self.transport)
        super().pause_writing()

    def resume_writing(self) -> None:
        """All has been taken."""
        self._patience.end()
        super().resume_writing()
        self.on_ready()

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone."""
        self._patience.end()
        super().connection_lost(exc)


# ---- what differs by system


def _keep_little(sock: socket.socket) -> None:
    """Have the system take no more than it can soon send."""
    unsent = getattr(socket, "TCP_NOTSENT_LOWAT", None)  # Linux, macOS
    if unsent is not None:
        sock.setsockopt(socket.IPPROTO_TCP, unsent, UNSENT_BYTES)
    else:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * UNSENT_BYTES)
