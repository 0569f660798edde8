"""Clients, and the sockets of one port number: UDP's is read here, TCP's in ``tcp.py``. Nothing blocks the loop."""

import asyncio
import errno
import os
import socket
import sys
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Literal, Protocol, cast

from bridge.osc.receive_buffer import request_receive_buffer
from bridge.osc.wire import UDP_LIMIT, OscError

MAX_CLIENTS = 1_024
"""UDP senders remembered; also the most TCP connections."""
PER_TURN = 64
"""Packets acted on before the loop's other work gets its turn."""
_PER_PRESSED_TURN = 8
"""The same while the system's buffer fills faster than it is emptied: what overflows there may be anybody's."""
_PER_DRAIN = 512
"""Datagrams taken from the system in a turn to wait, which costs a tenth of acting on them."""
MAX_WAITING = 16_384
"""Packets of one UDP client that wait; the system's buffer holds about 5,000 small ones of all clients together."""
MAX_WAITING_BYTES = 16 << 20
"""Bytes of all UDP clients' packets that wait."""

_Datagram = tuple[Any, ...]  # a socket address: (host, port), for IPv6 with flow and scope


class Client:
    """Someone who sends messages and can be sent packets; equal where packets go to the same place."""

    __slots__ = ("_send", "address", "key", "kind")

    def __init__(
        self, kind: Literal["udp", "tcp"], address: tuple[str, int], key: object, send: Callable[[bytes], bool]
    ) -> None:
        self.kind = kind
        self.address = address
        """Host and port that it sends from."""
        self.key = key
        """What makes it the same as another: its socket address, or its connection."""
        self._send = send

    def send(self, packet: bytes) -> bool:
        """Send to the client's own address; False where the system refused."""
        return self._send(packet)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Client) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"{self.kind} {self.address[0]}:{self.address[1]}"


class Receiver(Protocol):
    """Who is told what arrives."""

    def packet_received(self, packet: bytes, client: Client) -> None:
        """A packet, not yet decoded."""

    def packet_broken(self, error: OscError, client: Client) -> None:
        """A stream held something that is not a packet."""

    def client_floods(self, client: Client, packets: int) -> None:
        """So many of a UDP client's packets were thrown away, for it sends faster than all can be read."""

    def client_dropped(self, client: Client, reason: str) -> None:
        """A TCP client was cut off by us."""

    def client_gone(self, client: Client) -> None:
        """A TCP connection has ended, in any way."""


class UdpEndpoint:
    """One bound UDP socket, read as fast as it fills."""

    def __init__(self, sock: socket.socket, receiver: Receiver) -> None:
        self.socket = sock
        """Another process may send from it, too."""
        self.receive_buffer = request_receive_buffer(sock)
        """Bytes that the system granted of RECEIVE_BUFFER."""
        self._receiver = receiver
        self._clients: OrderedDict[_Datagram, Client] = OrderedDict()
        self._last: tuple[_Datagram | None, Client | None] = (None, None)
        self._buffer = bytearray(UDP_LIMIT + 1)
        self._view = memoryview(self._buffer)
        self._transport: asyncio.DatagramTransport | None = None
        self._backlog = Backlog(receiver)
        sock.setblocking(False)

    async def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        try:
            loop.add_reader(self.socket, self._readable)
        except NotImplementedError:  # Windows' proactor loop waits for each datagram itself
            self._transport, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self.received), sock=self.socket
            )

    def stop(self) -> None:
        """Close the socket."""
        if self._transport is None:
            asyncio.get_running_loop().remove_reader(self.socket)
            self.socket.close()
        else:
            self._transport.close()

    def client(self, address: _Datagram) -> Client:
        """A client at a socket address."""
        return Client("udp", (address[0], address[1]), address, lambda packet: self._send(packet, address))

    def client_at(self, client: Client, port: int) -> Client:
        """The same host at another port."""
        address = cast(_Datagram, client.key)
        return self.client((address[0], port, *address[2:]))

    def received(self, packet: bytes, address: _Datagram) -> None:
        """Hand a datagram on with the client that it is from."""
        self._receiver.packet_received(packet, self._known(address))

    def _known(self, address: _Datagram) -> Client:
        if self._last[0] == address:
            return cast(Client, self._last[1])
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = self.client(address)
            if len(self._clients) > MAX_CLIENTS:
                self._clients.popitem(last=False)
        else:
            self._clients.move_to_end(address)
        self._last = (address, client)
        return client

    def _readable(self) -> None:
        if not self._backlog and self._read(PER_TURN, self._receiver.packet_received):
            return
        # More has come than one turn can act on: it is taken from the system now, which would throw away anybody's.
        emptied = self._read(_PER_DRAIN, self._backlog.add)
        self._backlog.work(PER_TURN if emptied else _PER_PRESSED_TURN)

    def _read(self, most: int, take: Callable[[bytes, Client], None]) -> bool:
        """Hand on so many datagrams at most; whether there are no more."""
        receive, buffer, view = self.socket.recvfrom_into, self._buffer, self._view
        for _ in range(most):
            try:
                size, address = receive(buffer)
            except (BlockingIOError, InterruptedError):
                return True
            except OSError:  # an earlier datagram of ours found nobody: nothing is lost
                continue
            take(view[:size].tobytes(), self._known(address))
        return False

    def _send(self, packet: bytes, address: _Datagram) -> bool:
        try:
            self.socket.sendto(packet, address)
        except OSError:
            return False
        return True


class Backlog:
    """Packets that wait their turn, a queue a client: one that floods fills its own, and delays no other's."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._queues: dict[Client, deque[bytes]] = {}
        self._dropped: dict[Client, int] = {}
        self._bytes = 0
        self._scheduled = False
        self._most = PER_TURN

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, packet: bytes, client: Client) -> None:
        """Take a packet, or throw it away where too many of its client wait."""
        queue = self._queues.get(client)
        if queue is None:
            queue = self._queues[client] = deque()
        if len(queue) >= MAX_WAITING or self._bytes + len(packet) > MAX_WAITING_BYTES:
            self._dropped[client] = self._dropped.get(client, 0) + 1
        else:
            queue.append(packet)
            self._bytes += len(packet)

    def work(self, most: int = PER_TURN) -> None:
        """Act on so many packets, taken from each client in turn; the rest follows in further turns."""
        self._most = most
        if not self._scheduled and self._queues:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        dropped, self._dropped = self._dropped, {}
        for client, packets in dropped.items():
            self._receiver.client_floods(client, packets)
        left = self._most
        while left > 0 and self._queues:
            for client in tuple(self._queues):
                queue = self._queues[client]
                if queue:
                    packet = queue.popleft()
                    self._bytes -= len(packet)
                    self._receiver.packet_received(packet, client)
                    left -= 1
                if not queue:
                    del self._queues[client]
        self.work(self._most)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes, _Datagram], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, addr: _Datagram) -> None:
        self._received(data, addr)


async def bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """Return a UDP and a TCP socket bound to the same port number of a host (IPv4, IPv6 or a name); port 0: any free.

    Raises OSError with what to do where the port is taken or the host is not ours.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except socket.gaierror as error:
        text = f"{host!r} is not a host that is known here: choose one with --host, such as 127.0.0.1"
        raise OSError(errno.EADDRNOTAVAIL, text) from error
    family, address = found[0][0], found[0][4]
    for attempt in range(16):  # a port free for UDP may be taken for TCP: then another
        udp = _bound(family, socket.SOCK_DGRAM, address)
        try:
            number = udp.getsockname()[1]
            return udp, _bound(family, socket.SOCK_STREAM, (address[0], number, *address[2:]))
        except OSError:
            udp.close()
            if port or attempt == 15:
                raise
    raise AssertionError("the last attempt returns or raises")


def _bound(family: int, kind: int, address: tuple[Any, ...]) -> socket.socket:
    sock = socket.socket(family, kind)
    try:
        if sys.platform == "win32":  # where a second socket could otherwise take the port over
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif kind == socket.SOCK_STREAM:  # connections of a server that just ended do not hold the port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and address[0] == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        if kind == socket.SOCK_STREAM:
            sock.listen()  # two sockets may bind, only one may listen
    except OSError as error:
        sock.close()
        name = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
        if error.errno in (errno.EADDRINUSE, errno.EACCES):
            why = "is taken" if error.errno == errno.EADDRINUSE else "is not allowed"
            text = f"{name} port {address[1]} on {address[0]} {why}: end what uses it, or choose one with --osc-port"
        elif error.errno == errno.EADDRNOTAVAIL:
            text = f"{address[0]} is no address of this machine: choose one with --host, such as 127.0.0.1"
        else:
            text = f"{name} port {address[1]} on {address[0]}: {os.strerror(error.errno or 0)}"
        raise OSError(error.errno, text) from error
    return sock
