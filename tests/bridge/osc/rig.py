"""A service on a free port, and peers who talk to it over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from bridge.addresses import ArgumentError, OscValue, Table
from bridge.osc.framing import Deframer, frame
from bridge.osc.service import OscService
from bridge.osc.transport import Client
from bridge.osc.wire import Message, Value, decode, encode
from bridge.realtime.messages import OscTarget

PATIENCE = 20.0
"""Seconds until something that must come is given up."""


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Rig:
    """The service with a handler that records, and refuses or fails where told to."""

    def __init__(self, **settings: Any) -> None:
        self.handled: list[tuple[str, tuple[OscValue, ...]]] = []
        self.clients: list[Client] = []
        self.refuse: str | None = None
        self.fail: Exception | None = None
        self.targets: list[tuple[OscTarget, ...]] = []
        self.clock = Clock()
        self.table = Table(())
        self.values = dict(self.table.defaults())
        self.service = OscService(
            self.table,
            self._handle,
            value_of=self.values.__getitem__,
            note_targets_changed=self.targets.append,
            clock=self.clock,
            **settings,
        )

    def _handle(self, path: str, values: tuple[OscValue, ...], client: Client) -> None:
        if self.refuse is not None:
            raise ArgumentError(self.refuse)
        if self.fail is not None:
            raise self.fail
        self.handled.append((path, values))
        self.clients.append(client)


class Peer:
    """A UDP client; what it sends carries no claim but its source port."""

    def __init__(self, service: OscService, host: str = "127.0.0.1") -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.bind((host, 0))
        self.socket.setblocking(False)
        self.port: int = self.socket.getsockname()[1]
        self._to = (host, service.address[1])

    def send(self, path: str, *values: Value, types: str | None = None) -> None:
        self.send_raw(encode(path, values, types))

    def send_raw(self, packet: bytes) -> None:
        self.socket.sendto(packet, self._to)

    async def hear(self) -> Message:
        packet = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.socket, 65536), PATIENCE)
        message = decode(packet)
        assert isinstance(message, Message)
        return message

    async def expect(self, path: str, *values: Value) -> None:
        message = await self.hear()
        assert (message.path, message.values) == (path, values)

    async def expect_error(self, path: str, *parts: str) -> str:
        message = await self.hear()
        assert message.path == "/error", message
        assert message.values[0] == path
        reason = str(message.values[1])
        assert all(part in reason for part in parts), reason
        return reason

    async def settle(self, token: int = 0) -> None:
        """Wait until everything sent so far is dealt with; nothing else may have come back."""
        self.send("/ping", token)
        await self.expect("/pong", token)

    def close(self) -> None:
        self.socket.close()


class TcpPeer:
    """A TCP client of either framing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, framing: Any) -> None:
        self.reader, self.writer, self.framing = reader, writer, framing
        self._deframer = Deframer()

    @classmethod
    async def open(cls, service: OscService, framing: str = "length") -> "TcpPeer":
        return cls(*await asyncio.open_connection(*service.address), framing)

    def send(self, path: str, *values: Value) -> None:
        self.writer.write(frame(encode(path, values), self.framing))

    async def hear(self) -> Message:
        while (packet := self._deframer.next_packet()) is None:
            data = await asyncio.wait_for(self.reader.read(65536), PATIENCE)
            assert data, "the connection ended"
            self._deframer.feed(data)
        assert self._deframer.framing == self.framing
        message = decode(packet)
        assert isinstance(message, Message)
        return message

    async def expect(self, path: str, *values: Value) -> None:
        message = await self.hear()
        assert (message.path, message.values) == (path, values)

    async def ended(self) -> None:
        """Wait for the server to end the connection."""
        try:
            while await asyncio.wait_for(self.reader.read(65536), PATIENCE):
                pass
        except ConnectionError:
            pass

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()


@asynccontextmanager
async def running(host: str = "127.0.0.1", **settings: Any) -> AsyncIterator[tuple[Rig, Peer]]:
    """A started service with one UDP peer."""
    rig = Rig(**settings)
    await rig.service.start(host, 0)
    peer = Peer(rig.service, host)
    try:
        yield rig, peer
    finally:
        await rig.service.stop()
        peer.close()
