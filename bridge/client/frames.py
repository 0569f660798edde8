"""Frames as a client takes them: binary JPEG over the server's WebSocket."""

import contextlib
import threading
from types import TracebackType

import msgspec

from bridge.client.server import HOST
from bridge.clocks import now

MAX_BYTES = 16 << 20
"""Of one frame; a larger one is refused."""


class TakenFrame(msgspec.Struct, frozen=True):
    """A frame as it arrived."""

    time: float
    """When it arrived, in bridge.clocks seconds."""
    jpeg: bytes


class FrameTap:
    """Keeps every frame from the moment it is opened; a context manager that closes it."""

    def __init__(self, http_port: int, path: str = "/frames.ws") -> None:
        """Connect. Raises OSError or websockets' exceptions when the server does not answer."""
        from websockets.sync.client import connect

        self.frames: list[TakenFrame] = []
        self._connection = connect(
            f"ws://{HOST}:{http_port}{path}",
            max_size=MAX_BYTES,
            compression=None,
            proxy=None,
            close_timeout=1.0,
        )
        self._thread = threading.Thread(target=self._read, name="frame tap", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take no more."""
        self._connection.close()
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
                if isinstance(message, bytes):
                    self.frames.append(TakenFrame(now(), message))
