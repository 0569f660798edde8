"""An OSC client over UDP that stamps what arrives."""

import contextlib
import itertools
import math
import socket
import struct
import sys
import threading
import time as wall
from collections.abc import Callable
from types import TracebackType

import msgspec
from pythonosc.osc_message_builder import OscMessageBuilder
from pythonosc.osc_packet import OscPacket, ParseError

from bridge.addresses import OscValue
from bridge.client.server import HOST
from bridge.clocks import now

RECEIVE_BUFFER = 4 << 20
"""Bytes asked of the system for datagrams not yet read."""
LEASE = 3600.0
"""Seconds that a subscription is asked for: longer than any demo or bench."""


_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python's socket has no name for it
_TIMESPEC = struct.Struct("@ll")


class NoReplyError(Exception):
    """The server did not answer in time."""


class Received(msgspec.Struct, frozen=True):
    """A message from the server."""

    time: float
    """When it was taken from the socket, in bridge.clocks seconds."""
    path: str
    values: tuple[OscValue, ...]
    arrived: float = math.nan
    """When it was in the socket, in bridge.clocks seconds; not a number where the system does not tell."""


class OscClient:
    """Sends to one server from one socket and keeps what comes back there; a context manager that closes it."""

    def __init__(self, port: int) -> None:
        self._server = (HOST, port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if sys.platform == "linux":
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((HOST, 0))
        self._socket.settimeout(0.2)
        self.sent = 0
        """Packets sent so far."""
        self._tokens = itertools.count()
        self._closed = False
        self._received: list[Received] = []
        self._arrived = threading.Condition()
        self._handlers: dict[str, Callable[[Received], None]] = {}
        self._thread = threading.Thread(target=self._read, name="OSC client", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that this client sends from and listens on."""
        port: int = self._socket.getsockname()[1]
        return port

    def send(self, path: str, *values: OscValue) -> float:
        """Send a message; return the time just before it left."""
        return self.send_packet(packet(path, *values))

    def send_packet(self, data: bytes) -> float:
        """Send a prebuilt message; return the time just before it left."""
        time = now()
        self.sent += 1
        with contextlib.suppress(ConnectionError):  # nobody listens (yet); for UDP that is no error of ours
            self._socket.sendto(data, self._server)
        return time

    def on(self, path: str, handler: Callable[[Received], None]) -> None:
        """Call ``handler`` in the receiving thread for each message to that address."""
        self._handlers[path] = handler

    def mark(self) -> int:
        """A place in what is received, to wait from."""
        with self._arrived:
            return len(self._received)

    def received(self, path: str, since: int = 0) -> list[Received]:
        """Everything that came to that address, from the mark ``since`` on."""
        with self._arrived:
            return [message for message in self._received[since:] if message.path == path]

    def wait(self, path: str, *values: OscValue, since: int = 0, timeout: float = 2.0) -> Received:
        """Return the first message to that address, from the mark on, that begins with ``values``.

        Raises NoReplyError.
        """
        end = now() + timeout
        place = since
        with self._arrived:
            while True:
                for message in self._received[place:]:
                    if message.path == path and message.values[: len(values)] == values:
                        return message
                place = len(self._received)
                left = end - now()
                if left <= 0:
                    expected = " ".join([path, *(str(value) for value in values)])
                    raise NoReplyError(f"the server sent no {expected} within {timeout:g} s")
                self._arrived.wait(left)

    def ping(self, timeout: float = 2.0) -> tuple[float, float]:
        """Return when /ping was sent and when its answer came. Raises NoReplyError."""
        token = next(self._tokens)  # its own, for the answer to one that was given up may still come
        since = self.mark()
        sent = self.send("/ping", token)
        return sent, self.wait("/pong", token, since=since, timeout=timeout).time

    def wait_served(self, until: float, check: Callable[[], None]) -> float:
        """Ping until the server answers; return when it did. ``check`` may raise.

        Raises NoReplyError after ``until``.
        """
        since = self.mark()
        while True:
            self.send("/ping", next(self._tokens))
            with contextlib.suppress(NoReplyError):
                return self.wait("/pong", since=since, timeout=0.005).time
            check()
            if now() > until:
                raise NoReplyError("the server never answered /ping")

    def subscribe(self, *patterns: str) -> None:
        """Ask for what matches, at this client's port. Raises NoReplyError."""
        for pattern in patterns:
            since = self.mark()
            self.send("/subscribe", pattern, 0, LEASE)
            self.wait("/subscribed", pattern, since=since)

    def info(self, topic: str = "", timeout: float = 2.0) -> dict[str, OscValue]:
        """Ask /info about a topic; return value by name. Raises NoReplyError."""
        since = self.mark()
        self.send("/info", topic)
        self.ping(timeout)  # answered in order: what /info had to say has been said
        return {str(m.values[0]): m.values[1] for m in self.received("/info", since) if len(m.values) == 2}

    def close(self) -> None:
        """End every subscription and close the socket."""
        if not self._closed:
            self.send("/unsubscribe")
            self._closed = True
            self._thread.join()
            self._socket.close()

    def __enter__(self) -> "OscClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _receive(self) -> tuple[bytes, float]:
        """A datagram, and when it was in the socket."""
        if sys.platform != "linux":
            return self._socket.recv(65536), math.nan
        data, ancillary, _, _ = self._socket.recvmsg(65536, socket.CMSG_SPACE(_TIMESPEC.size))
        for level, kind, content in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                seconds, nanoseconds = _TIMESPEC.unpack(content)
                return data, now() - (wall.time() - seconds - nanoseconds * 1e-9)
        return data, math.nan

    def _read(self) -> None:
        while not self._closed:
            try:
                data, arrived = self._receive()
            except TimeoutError:
                continue
            except ConnectionError:  # Windows tells a UDP socket so when nobody listened
                continue
            time = now()
            try:
                parsed = [m.message for m in OscPacket(data).messages]
                messages = [Received(time, message.address, tuple(message), arrived) for message in parsed]
            except ParseError as error:
                messages = [Received(time, "/error", ("", f"the server sent a malformed packet: {error}"))]
            with self._arrived:
                self._received += messages
                self._arrived.notify_all()
            for message in messages:
                handler = self._handlers.get(message.path)
                if handler is not None:
                    handler(message)


def packet(path: str, *values: OscValue) -> bytes:
    """Return a message as it goes over the network."""
    builder = OscMessageBuilder(path)
    for value in values:
        builder.add_arg(value)
    data: bytes = builder.build().dgram
    return data
