"""Messages between Antiphon's own processes: msgspec structs over a connected pair of stream sockets.

The end of one process closes its socket, so the other learns of a death in any way, ``kill -9`` included, at once.
Sockets rather than pipes, because they can be waited for on every system.
"""

import asyncio
import contextlib
import socket
import struct
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

import msgspec

Received = TypeVar("Received")

_LENGTH = struct.Struct("!I")
MAX_PENDING = 64 << 20
"""Bytes kept for a reader that does not read, before it is taken for dead."""


class ChannelClosedError(Exception):
    """The process at the other end is gone."""


class Channel(Generic[Received]):
    """One end, for a process without an event loop. Never blocks."""

    def __init__(self, sock: socket.socket, received: Any) -> None:
        """``received`` is the type (a tagged union of structs) of what the other end sends."""
        sock.setblocking(False)
        self._socket = sock
        self._decoder: msgspec.msgpack.Decoder[Received] = msgspec.msgpack.Decoder(received)
        self._encoder = msgspec.msgpack.Encoder()
        self._incoming = bytearray()
        self._outgoing = bytearray()
        self._malformed: deque[str] = deque(maxlen=8)

    def fileno(self) -> int:
        """For select()."""
        return self._socket.fileno()

    @property
    def pending(self) -> bool:
        """Whether something waits to be flushed."""
        return bool(self._outgoing)

    def send(self, message: msgspec.Struct) -> None:
        """Queue a message and hand over what the system takes now. Raises ChannelClosedError."""
        body = self._encoder.encode(message)
        self._outgoing += _LENGTH.pack(len(body)) + body
        self.flush()

    def flush(self) -> None:
        """Hand over what the system takes now. Raises ChannelClosedError."""
        if len(self._outgoing) > MAX_PENDING:
            raise ChannelClosedError("the other process no longer reads")
        while self._outgoing:
            try:
                sent = self._socket.send(self._outgoing)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                raise ChannelClosedError(str(error)) from error
            del self._outgoing[:sent]

    def receive(self) -> list[Received]:
        """Return the messages that have arrived, but for malformed ones.

        Raises ChannelClosedError once there are no more and never will be.
        """
        closed = False
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                data = b""
            if not data:
                closed = True
                break
            self._incoming += data
        messages = []
        start = 0
        while len(self._incoming) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._incoming, start)
            end = start + _LENGTH.size + length
            if len(self._incoming) < end:
                break
            try:
                messages.append(self._decoder.decode(memoryview(self._incoming)[start + _LENGTH.size : end].tobytes()))
            except msgspec.MsgspecError as error:
                self._malformed.append(str(error))
            start = end
        del self._incoming[:start]
        if closed and not messages:
            raise ChannelClosedError("the other process ended")
        return messages

    def take_malformed(self) -> list[str]:
        """Return why messages were left out by receive(), the newest few."""
        reasons = list(self._malformed)
        self._malformed.clear()
        return reasons

    def close(self) -> None:
        """Close the socket; the other end learns of it."""
        self._socket.close()


class AsyncChannel(Generic[Received]):
    """One end, for the control process."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: Any) -> None:
        self._reader, self._writer = reader, writer
        self._decoder: msgspec.msgpack.Decoder[Received] = msgspec.msgpack.Decoder(received)
        self._encoder = msgspec.msgpack.Encoder()

    @classmethod
    async def open(cls, sock: socket.socket, received: Any) -> "AsyncChannel[Received]":
        """Wrap a connected stream socket; ``received`` as for :class:`Channel`."""
        reader, writer = await asyncio.open_connection(sock=sock)
        return cls(reader, writer, received)

    def send(self, message: msgspec.Struct) -> None:
        """Hand a message to the loop; what is sent to a dead process is lost."""
        if not self._writer.is_closing():
            body = self._encoder.encode(message)
            self._writer.write(_LENGTH.pack(len(body)) + body)

    async def messages(self) -> AsyncIterator[Received]:
        """Yield what the other end sends until it ends."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
                yield self._decoder.decode(await self._reader.readexactly(length))

    def close(self) -> None:
        """Close the socket; the other end learns of it."""
        self._writer.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected stream sockets, one for each process."""
    return socket.socketpair()
