"""A camera for programs that only know cameras.

Extra ``virtual-camera``: pyvirtualcam (GPL-2.0), which needs a driver: on Linux v4l2loopback, on macOS and Windows OBS
(or, on Windows, UnityCapture). Untried with a driver; held against the package's own interface by a stand-in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.media.endpoint import Places, required
from bridge.media.sink import SentSink
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame


class VirtualCamera(SentSink):
    """Opens the camera in the size of the first frame, and anew when the size changes."""

    name = "virtual_camera"
    extra = "virtual-camera"
    on = Param(False, doc="A virtual camera.")
    device = Param("", doc="The device; empty: the first that there is.")
    fps = Param(30, low=1, high=120, unit="Hz", doc="The rate that the camera tells programs.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        self._library = required(VirtualCamera, "pyvirtualcam")
        self._device, self._fps = str(params["device"]) or None, float(params["fps"])
        self._camera: Any = None

    def send(self, frame: "Frame") -> None:
        """Show a frame."""
        if self._camera is None or (self._camera.width, self._camera.height) != (frame.width, frame.height):
            self.close()
            try:
                self._camera = self._library.Camera(frame.width, frame.height, self._fps, device=self._device)
            except RuntimeError as error:  # what pyvirtualcam raises where no back-end has a device
                raise OSError(f"no virtual camera: {error}") from error
        self._camera.send(frame.pixels)

    def close(self) -> None:
        """Let go of the device."""
        if self._camera is not None:
            self._camera.close()
            self._camera = None
