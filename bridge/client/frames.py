"""Frames as a client takes them: binary JPEG over the server's WebSocket."""

import contextlib
import struct
import threading
import time
from types import TracebackType

import msgspec

from bridge.client.server import HOST
from bridge.clocks import now

MAX_BYTES = 16 << 20
"""Of one frame; a larger one is refused."""
HEADER = struct.Struct("!Qdd")
"""Before each frame: its number, when it was generated (Unix seconds), its age when it was sent (seconds)."""


class TakenFrame(msgspec.Struct, frozen=True):
    """A frame as it arrived."""

    time: float
    """When it arrived, in bridge.clocks seconds."""
    generated: float
    """When the model had finished it, likewise."""
    number: int
    """Counting from 1."""
    jpeg: bytes


class FrameTap:
    """Keeps every new frame from the moment it is opened; a context manager that closes it."""

    def __init__(self, http_port: int, path: str = "/frames.ws?header=1") -> None:
        """Connect. Raises OSError or websockets' exceptions when the server does not answer."""
        from websockets.sync.client import connect

        self.frames: list[TakenFrame] = []
        self._opened = contextlib.ExitStack()
        self._connection = self._opened.enter_context(
            connect(
                f"ws://{HOST}:{http_port}{path}", max_size=MAX_BYTES, compression=None, proxy=None, close_timeout=1.0
            )
        )
        self._thread = threading.Thread(target=self._read, name="frame tap", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more."""
        self._opened.close()
        self._thread.join(2.0)

    def __enter__(self) -> "FrameTap":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):  # the server ended without a goodbye
            for message in self._connection:
                arrived, unix = now(), time.time()
                if not isinstance(message, bytes):
                    continue
                number, generated, _ = HEADER.unpack_from(message)
                if not self.frames or number > self.frames[-1].number:  # a frame that none follows is sent again
                    age = unix - generated
                    self.frames.append(TakenFrame(arrived, arrived - age, number, message[HEADER.size :]))
