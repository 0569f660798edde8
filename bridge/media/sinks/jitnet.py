"""Frames into Max without an external: what ``jit.net.send`` sends, for ``jit.net.recv``.

After Cycling '74's Max SDK, "Jitter Networking Specification". The receiver listens and we connect. A frame is a chunk
header of 8 bytes, a matrix header of 288 bytes and the cells: 4 planes of char, alpha, red, green and blue as Max has
them, rows from the top. The receiver answers each matrix with 28 bytes that tell its times.

The specification calls everything little-endian, and its own code reads big-endian; programs that exchange matrices
with Max (openFrameworks, Unity and Node ones) agree on this: only the chunk's size is little-endian, all other numbers
are big-endian, the time too.
"""

import select
import socket
import struct
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bridge.media.endpoint import Places
from bridge.media.sink import SentSink
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame

CHUNK = struct.Struct("<4sI")
MATRIX = struct.Struct(">4s4I32I32IId")
"""Identifier, size of this header, planes, type (0: char), dimensions, their sizes, their strides in bytes, bytes of
cells, milliseconds."""
TIME = struct.Struct(">d")
"""The last of them."""
LATENCY = struct.Struct(">4sddd")
"""Identifier; the time that the matrix came with; when the receiver had its header, and when it had used it."""
MATRIX_ID, LATENCY_ID = b"JMTX", b"JMLP"
PLANES = 4
DIMENSIONS = 32
ON_THE_WAY = 2
"""Matrices that a receiver which answers may have unanswered before it gets another."""
PATIENCE_SECONDS = 2.0
"""A connection that takes nothing for this long is given up."""


class JitNet(SentSink):
    """Sends matrices to a ``jit.net.recv``."""

    name = "jitnet"
    on = Param(False, doc="Matrices to Max's jit.net.recv.")
    host = Param("127.0.0.1", doc="Where the jit.net.recv is.")
    port = Param(7474, low=1, high=65535, doc="Its port.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        address = str(params["host"]), int(params["port"])
        try:
            self._socket = socket.create_connection(address, timeout=PATIENCE_SECONDS)
        except OSError as error:
            text = f"no jit.net.recv listens at {address[0]} port {address[1]} ({error.strerror or error})"
            raise ConnectionError(text) from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._chunk: Chunk | None = None
        self._answers = bytearray()
        self._unanswered = 0
        self._answered = False

    def send(self, frame: "Frame") -> None:
        """Send a matrix; waits while the receiver has several that it did not answer yet."""
        self._hear(0.0)
        until = time.monotonic() + PATIENCE_SECONDS
        while self._answered and self._unanswered >= ON_THE_WAY:
            if time.monotonic() > until:
                raise TimeoutError(f"jit.net.recv has answered no matrix for {PATIENCE_SECONDS:g} s")
            self._hear(0.05)
        if self._chunk is None or self._chunk.size != (frame.width, frame.height):
            self._chunk = Chunk(frame.width, frame.height)
        self._socket.sendall(self._chunk.filled(frame.pixels, 1000 * time.time()))
        self._unanswered += 1

    def close(self) -> None:
        """Disconnect."""
        self._socket.close()

    def _hear(self, seconds: float) -> None:
        """Take the receiver's answers."""
        while select.select([self._socket], [], [], seconds)[0]:
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionResetError("jit.net.recv has closed the connection")
            self._answers += data
            seconds = 0.0
        while len(self._answers) >= LATENCY.size:
            if self._answers.startswith(LATENCY_ID):
                self._answered = True
                self._unanswered = max(0, self._unanswered - 1)
                del self._answers[: LATENCY.size]
            else:
                del self._answers[0]


class Chunk:
    """A matrix of one size as it is sent, headers and cells, to be filled again and again."""

    def __init__(self, width: int, height: int) -> None:
        self.size = width, height
        bytes_of_cells = width * height * PLANES
        sizes = [width, height] + [1] * (DIMENSIONS - 2)
        strides = [PLANES, PLANES * width] + [0] * (DIMENSIONS - 2)
        headers = CHUNK.size + MATRIX.size
        self._data = bytearray(headers + bytes_of_cells)
        CHUNK.pack_into(self._data, 0, MATRIX_ID, MATRIX.size)
        MATRIX.pack_into(
            self._data, CHUNK.size, MATRIX_ID, MATRIX.size, PLANES, 0, 2, *sizes, *strides, bytes_of_cells, 0.0
        )
        self._cells = np.frombuffer(self._data, np.uint8, offset=headers).reshape(height, width, PLANES)
        self._cells[..., 0] = 255  # opaque

    def filled(self, pixels: NDArray[np.uint8], milliseconds: float) -> bytearray:
        """Return the chunk with these pixels, RGB, uint8 [height, width, 3], sent at that time."""
        TIME.pack_into(self._data, CHUNK.size + MATRIX.size - TIME.size, milliseconds)
        self._cells[..., 1:] = pixels
        return self._data
