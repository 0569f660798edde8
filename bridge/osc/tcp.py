"""The clients over TCP: their connections, and the server that takes them."""

import asyncio
import contextlib
import socket
from typing import cast

from bridge.osc.framing import TCP_LIMIT, Deframer, FramingError, frame
from bridge.osc.transport import MAX_CLIENTS, PER_TURN, Client, Receiver
from bridge.osc.wire import OscError

MAX_PENDING = 1 << 20
"""Bytes kept for a TCP client that does not read, before its connection is dropped."""
MAX_UNFINISHED = 64 << 20
"""Bytes kept of all TCP clients' unfinished packets, before who sends more is dropped."""


class _Connection(asyncio.Protocol):
    """One TCP client."""

    def __init__(self, server: "TcpServer") -> None:
        self._server = server
        self._deframer = Deframer(TCP_LIMIT)
        self._draining = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername") or ("", 0)
        self.client = Client("tcp", (name[0], name[1]), self, self._send)
        if len(self._server.connections) >= MAX_CLIENTS:
            self._drop(f"at most {MAX_CLIENTS} connections are taken")
            return
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.ended(self)

    def data_received(self, data: bytes) -> None:
        self._deframer.feed(data)
        if not self._draining:
            self._drain()
        if self.unfinished > MAX_UNFINISHED // MAX_CLIENTS and self._server.unfinished > MAX_UNFINISHED:
            self._drop(f"over {MAX_UNFINISHED} bytes of unfinished packets")

    @property
    def unfinished(self) -> int:
        """Bytes that arrived and await the rest of their packet, or their turn."""
        return self._deframer.pending

    def _drain(self) -> None:
        receiver = self._server.receiver
        for _ in range(PER_TURN):
            if self._transport.is_closing():
                return
            try:
                packet = self._deframer.next_packet()
            except FramingError as error:
                receiver.packet_broken(error, self.client)
                self._transport.close()
                return
            except OscError as error:
                receiver.packet_broken(error, self.client)
                continue
            if packet is None:
                if self._draining:
                    self._draining = False
                    self._transport.resume_reading()
                return
            receiver.packet_received(packet, self.client)
        if not self._draining:
            self._draining = True
            self._transport.pause_reading()
        asyncio.get_running_loop().call_soon(self._drain)

    def _send(self, packet: bytes) -> bool:
        if self._transport.is_closing():
            return False
        if self._transport.get_write_buffer_size() > MAX_PENDING:
            self._drop(f"does not read: over {MAX_PENDING} bytes wait for it")
            return False
        self._transport.write(frame(packet, self._deframer.framing))
        return True

    def _drop(self, reason: str) -> None:
        self._transport.abort()
        self._server.receiver.client_dropped(self.client, reason)

    def close(self) -> None:
        """End the connection once what waits for it is out."""
        self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        self._transport.abort()


class TcpServer:
    """Accepts connections on a bound socket."""

    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self.receiver = receiver
        self.connections: set[_Connection] = set()
        self._socket = sock
        self._server: asyncio.Server | None = None
        self._all_ended: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Begin to accept."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Connection(self), sock=self._socket)

    async def stop(self) -> None:
        """End every connection and stop listening."""
        if self._server is None:
            self._socket.close()
            return
        self._server.close()
        for connection in tuple(self.connections):
            connection.close()
        if self.connections:  # what waits for them may still go out
            self._all_ended = asyncio.get_running_loop().create_future()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_ended, 0.5)
        for connection in tuple(self.connections):
            connection.abort()
        await self._server.wait_closed()

    @property
    def unfinished(self) -> int:
        """Bytes of all connections that await the rest of their packet, or their turn."""
        return sum(connection.unfinished for connection in self.connections)

    def ended(self, connection: "_Connection") -> None:
        """A connection is no more."""
        self.connections.discard(connection)
        self.receiver.client_gone(connection.client)
        if not self.connections and self._all_ended is not None and not self._all_ended.done():
            self._all_ended.set_result(None)
