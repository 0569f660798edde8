"""A file or a stream from a URL, at its own pace: whatever FFmpeg reads (PyAV), and pictures."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.media.endpoint import EndpointError, Places
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMES = ("http", "https", "rtsp", "rtmp", "srt", "udp", "rtp", "tcp")
PROTOCOLS = "http,https,tcp,tls,crypto,udp,rtp,rtsp,rtmp,srt,httpproxy"
"""That a stream may lead to: no file of this machine, whatever a playlist says."""
PATIENCE_SECONDS = 5.0
LATE_SECONDS = 0.5
"""A frame that is due longer ago moves what follows: nothing is shown in a hurry."""


class FileSource(ReadSource):
    """Plays a file, over and over, or a stream."""

    name = "file"
    on = Param(False, doc="Frames from a file or a URL.")
    path = Param("", doc="A file, or a URL that begins with http, https, rtsp, rtmp, srt, udp, rtp or tcp.")
    loop = Param(True, doc="Whether a file begins again after its end.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        self._path, self._loop = str(params["path"]), bool(params["loop"])
        self._live = _is_url(self._path)
        if not self._live and not Path(self._path).is_file():
            raise EndpointError(f"path must be a file or a URL, got {self._path!r}")
        self._container: Any = None
        self._frames: Iterator[Any] = iter(())
        self._due = self._origin = 0.0
        self._next: Any = None
        self._count = 0
        self._open()

    def read(self) -> "NDArray[np.uint8] | None":
        """Return the next frame when it is due."""
        if self._next is None:
            self._next = next(self._frames, None)
            if self._next is None:
                self._ended()
                return None
            self._count += 1
            if not self._live:
                now, at = time.monotonic(), self._origin + float(self._next.time or 0.0)
                if now - at > LATE_SECONDS:
                    self._origin += now - at
                self._due = at
        wait = self._due - time.monotonic()
        if wait > 0 and not self._live:
            time.sleep(min(wait, 0.05))
            if wait > 0.05:
                return None
        frame, self._next = self._next, None
        pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
        return pixels

    def close(self) -> None:
        """Close the file."""
        if self._container is not None:
            self._container.close()
            self._container = None

    def _open(self) -> None:
        import av

        target = self._path if self._live else f"file:{Path(self._path).absolute()}"
        options = {"protocol_whitelist": PROTOCOLS if self._live else "file"}
        try:
            self._container = av.open(target, options=options, timeout=PATIENCE_SECONDS if self._live else None)
            stream = next(iter(self._container.streams.video), None)
        except av.error.FFmpegError as error:
            if self._live:
                raise ConnectionError(f"cannot open {self._path}: {error}") from error
            raise EndpointError(f"{self._path} is no video or picture that FFmpeg reads: {error}") from error
        if stream is None:
            raise EndpointError(f"{self._path} has no picture")
        stream.thread_type = "AUTO"
        self._frames = self._decoded(stream)
        self._origin, self._count = time.monotonic(), 0

    def _decoded(self, stream: Any) -> Iterator[Any]:
        import av

        try:
            yield from self._container.decode(stream)
        except av.error.EOFError:
            return
        except av.error.FFmpegError as error:
            if self._live:
                raise ConnectionError(f"{self._path} broke off: {error}") from error
            if not self._count:
                raise EndpointError(f"{self._path} cannot be decoded: {error}") from error

    def _ended(self) -> None:
        if self._live:
            raise ConnectionError(f"{self._path} has ended")
        if self._count > 1 and self._loop:
            self.close()
            self._open()
        else:
            time.sleep(0.05)  # a picture, or a film's last frame, stays


def _is_url(path: str) -> bool:
    scheme, separator, _ = path.partition("://")
    if separator and scheme.lower() not in SCHEMES:
        raise EndpointError(f"a URL must begin with {', '.join(SCHEMES)}, got {path!r}")
    return bool(separator)
