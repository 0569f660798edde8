"""Spout, from programs on the same Windows machine.

Extra ``spout``: see ``bridge.media.sinks.spout``. Untried; held against the package's own source by a stand-in.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.sinks.spout import GL_RGBA
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK_SECONDS = 0.004


class SpoutSource(ReadSource):
    """A receiver of Spout."""

    name = "spout"
    extra = "spout"
    system = "Windows"
    on = Param(False, doc="Frames from Spout (Windows), of the sender that sender_name tells.")
    sender_name = Param("", doc="Its name; empty: the active one.")
    flip = Param(False, doc="Turn the picture upside down.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        self._flip = bool(params["flip"])
        self._receiver = required(SpoutSource, "SpoutGL").SpoutReceiver()
        if params["sender_name"]:
            self._receiver.setReceiverName(str(params["sender_name"]))
        self._cells: NDArray[np.uint8] | None = None

    def read(self) -> "NDArray[np.uint8] | None":
        """Return a frame, once there is a new one."""
        if not self._receiver.receiveImage(self._cells, GL_RGBA, self._flip, 0):
            time.sleep(LOOK_SECONDS)
            return None
        if self._cells is None or self._receiver.isUpdated():  # the next call fills it
            height, width = self._receiver.getSenderHeight(), self._receiver.getSenderWidth()
            self._cells = np.empty((height, width, 4), np.uint8) if width and height else None
            return None
        if not self._receiver.isFrameNew():
            time.sleep(LOOK_SECONDS)
            return None
        return self._cells[..., :3].copy()

    def close(self) -> None:
        """Let go of the sender."""
        self._receiver.releaseReceiver()
