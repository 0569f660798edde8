"""NDI over the network, found by its name; for TouchDesigner, Resolume, OBS and others.

Extra ``ndi``: cyndilib (MIT), whose wheels hold NDI's runtime, which is proprietary (NDI is a registered trademark of
Vizrt NDI AB); its licence is in the package, as ``libndi_licenses.txt``.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.sink import SentSink
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame

FPS = 60
"""That is announced; frames go out as they come."""


class Ndi(SentSink):
    """Announces a sender and gives it each frame."""

    name = "ndi"
    extra = "ndi"
    on = Param(False, doc="NDI, under the name that source_name tells.")
    source_name = Param("Antiphon", doc="Its name in the network.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        self._sender_module = required(Ndi, "cyndilib.sender")
        self._frames = required(Ndi, "cyndilib.video_frame")
        self._wrapper = required(Ndi, "cyndilib.wrapper")
        self._name = str(params["source_name"]) or "Antiphon"
        self._sender: Any = None
        self._cells = np.empty((0, 0, 4), np.uint8)

    def send(self, frame: "Frame") -> None:
        """Hand a frame to the runtime, which compresses it."""
        height, width = frame.pixels.shape[:2]
        if self._cells.shape[:2] != (height, width):
            self._open(width, height)
        self._cells[..., :3] = frame.pixels
        self._sender.write_video_async(self._cells.reshape(-1))

    def close(self) -> None:
        """Take the sender away."""
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _open(self, width: int, height: int) -> None:
        self.close()
        self._cells = np.full((height, width, 4), 255, np.uint8)
        video = self._frames.VideoSendFrame()
        video.set_resolution(width, height)
        video.set_frame_rate(Fraction(FPS))
        video.set_fourcc(self._wrapper.FourCC.RGBX)
        # Frames are sent when they come: the runtime is not to keep a pace of its own.
        self._sender = self._sender_module.Sender(self._name, "", False, False)
        self._sender.set_video_frame(video)
        self._sender.open()
