"""A ring and the media process on it, as control would start them."""

import contextlib
import http.client
import multiprocessing
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeVar

import numpy as np

from bridge import clocks
from bridge.channel import Channel, pair
from bridge.media import listen, messages, process
from bridge.media.ring import FrameRing

PATIENCE = 30.0
"""Seconds after which what was waited for is taken not to come."""
HEADERS_END = b"\r\n\r\n"
Wanted = TypeVar("Wanted", bound=messages.Message)
spawn = multiprocessing.get_context("spawn")


def card(width: int = 64, height: int = 48) -> np.ndarray:
    """Red, green, blue and white quarters, clockwise from the top left."""
    card = np.zeros((height, width, 3), np.uint8)
    card[: height // 2, : width // 2] = 255, 0, 0
    card[: height // 2, width // 2 :] = 0, 255, 0
    card[height // 2 :, width // 2 :] = 0, 0, 255
    card[height // 2 :, : width // 2] = 255, 255, 255
    return card


def assert_is_card(picture: np.ndarray) -> None:
    """The quarters' colours, away from their edges, as far as a JPEG keeps them."""
    height, width = picture.shape[:2]
    for x, y, colour in ((1, 1, (255, 0, 0)), (3, 1, (0, 255, 0)), (3, 3, (0, 0, 255)), (1, 3, (255, 255, 255))):
        seen = picture[y * height // 4, x * width // 4].astype(int)
        assert abs(seen - colour).max() <= 12, (x, y, seen)


class Media:
    """The media process and its ring; a frame is written by :meth:`write` or, steadily, within :meth:`painting`."""

    def __init__(self, *, max_readers: int = process.MAX_READERS, pixels: int = 512 * 512) -> None:
        self.ring, self.incoming = FrameRing.create(pixels, 1), FrameRing.create(1280, 720)
        self.listener = listen.bind()
        self.port: int = self.listener.getsockname()[1]
        self.url = listen.url(self.listener)
        self._max_readers = max_readers
        self.start()

    def start(self) -> None:
        """Start the process, again too, as control does after its death."""
        self.events: list[messages.Event] = []
        here, there = pair()
        self.channel: Channel[messages.Event] = Channel(here, messages.Event)
        arguments = (there, self.listener, self.ring.name, self._max_readers, self.incoming.name)
        self.process = spawn.Process(target=process.run, args=arguments)
        self.process.start()
        there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        self.listener.close()
        for ring in (self.ring, self.incoming):
            ring.close()
            ring.unlink()

    def stop(self) -> None:
        if self.process.is_alive():
            self.channel.send(messages.Stop())
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            raise AssertionError("media does not stop")
        self.channel.close()

    def wait_for(self, kind: type[Wanted]) -> Wanted:
        """The next message of that kind."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            while self.events:
                event = self.events.pop(0)
                if isinstance(event, kind):
                    return event
            if select.select([self.channel], [], [], 0.1)[0]:
                self.events += self.channel.receive()
        raise AssertionError(f"no {kind.__name__} within {PATIENCE:g} s")

    def write(self, pixels: np.ndarray | None = None) -> int:
        return self.ring.write(card() if pixels is None else pixels, time=clocks.now())

    @contextlib.contextmanager
    def painting(
        self, fps: float = 60, pixels: np.ndarray | Callable[[int], np.ndarray] | None = None
    ) -> Iterator[None]:
        """Write a frame so often, meanwhile; it may be made from its number."""
        done = threading.Event()

        def paint() -> None:
            while not done.wait(1 / fps):
                self.write(pixels(self.ring.newest + 1) if callable(pixels) else pixels)

        thread = threading.Thread(target=paint)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def get(self, path: str, **headers: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers
        finally:
            connection.close()


class MjpegReader:
    """Takes part after part from ``/frames.mjpeg``."""

    def __init__(self, port: int, receive_buffer: int = 0) -> None:
        self._socket = connected(port, receive_buffer)
        self._socket.sendall(b"GET /frames.mjpeg HTTP/1.0\r\nHost: localhost\r\n\r\n")  # 1.0: not in chunks
        self._file = self._socket.makefile("rb")
        self.status = self._headers()[0]
        if "200" in self.status:
            assert self._file.readline() == b"--antiphon-frame\r\n"

    def _headers(self) -> list[str]:
        lines = []
        while (line := self._file.readline().strip()) or not lines:
            if not line:
                raise EOFError
            lines.append(line.decode())
        return lines

    def next(self) -> tuple[int, float, bytes]:
        """The next frame's number, the moment it was generated (Unix seconds) and its JPEG. Raises EOFError."""
        headers = dict(line.split(": ", 1) for line in self._headers())
        assert headers["Content-Type"] == "image/jpeg"
        jpeg = self._file.read(int(headers["Content-Length"]))
        assert self._file.readline() == b"\r\n"
        assert self._file.readline() == b"--antiphon-frame\r\n"
        return int(headers["X-Frame"]), float(headers["X-Timestamp"]), jpeg

    def close(self) -> None:
        self._file.close()
        self._socket.close()


class WebSocketReader:
    """Takes message after message from ``/frames.ws``, and reads nothing before it is asked."""

    def __init__(self, port: int, receive_buffer: int = 0) -> None:
        self._socket = connected(port, receive_buffer)
        self._socket.sendall(
            b"GET /frames.ws?header=1 HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        self._file = self._socket.makefile("rb")
        while self._file.readline().strip():
            pass

    def next(self) -> tuple[int, float, bytes]:
        """The next frame's number, the moment it was generated (Unix seconds) and its JPEG."""
        kind, data = self._message()
        while kind == 0x89:  # a ping
            self._socket.sendall(b"\x8a" + bytes([0x80 | len(data)]) + bytes(4) + data)
            kind, data = self._message()
        assert kind == 0x82  # a whole binary message
        number, generated, _ = struct.unpack_from("!Qdd", data)
        return number, generated, data[24:]

    def _message(self) -> tuple[int, bytes]:
        kind, length = self._file.read(2)
        if length == 126:
            (length,) = struct.unpack("!H", self._file.read(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._file.read(8))
        return kind, self._file.read(length)

    def close(self) -> None:
        self._file.close()
        self._socket.close()


def connected(port: int, receive_buffer: int) -> socket.socket:
    """A connection whose receive buffer has so many bytes (0: as the system likes)."""
    sock = socket.socket()
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.settimeout(PATIENCE)
    sock.connect(("127.0.0.1", port))
    return sock
