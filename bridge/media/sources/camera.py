"""A camera of this machine, through FFmpeg (PyAV): Video4Linux, AVFoundation or DirectShow. Untried with a camera."""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.media.endpoint import EndpointError, Places
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SYSTEMS = {"linux": ("v4l2", "/dev/video0"), "darwin": ("avfoundation", "0"), "win32": ("dshow", "")}
"""FFmpeg's device, and the camera that is taken where none is named."""


class Camera(ReadSource):
    """Reads a camera."""

    name = "camera"
    on = Param(False, doc="Frames from a camera of this machine.")
    device = Param("", doc="Linux: /dev/videoN; macOS: its number; Windows: its name. Empty: the first.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        import av

        kind, first = SYSTEMS.get(sys.platform, SYSTEMS["linux"])
        device = str(params["device"]) or first
        if not device:
            raise EndpointError("device must be the camera's name, as Windows shows it, got nothing")
        if sys.platform == "linux" and not device.startswith("/dev/video"):
            raise EndpointError(f"device must be /dev/videoN, got {device!r}")
        target = f"video={device}" if kind == "dshow" else device
        try:
            self._container = av.open(target, format=kind)
        except (av.error.FFmpegError, ValueError) as error:
            raise ConnectionError(f"the camera {device} cannot be opened: {error}") from error
        self._frames: Iterator[Any] = self._container.decode(video=0)

    def read(self) -> "NDArray[np.uint8] | None":
        """Return the next frame."""
        import av

        try:
            frame = next(self._frames, None)
        except av.error.FFmpegError as error:
            raise ConnectionError(f"the camera broke off: {error}") from error
        if frame is None:
            raise ConnectionError("the camera has ended")
        pixels: NDArray[np.uint8] = frame.to_ndarray(format="rgb24")
        return pixels

    def close(self) -> None:
        """Let go of the camera."""
        self._container.close()
