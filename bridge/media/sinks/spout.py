"""Spout, for programs on the same Windows machine: TouchDesigner, Resolume, OBS with a plug-in.

Extra ``spout``: SpoutGL (BSD), Windows only. Untried; held against the package's own source by a stand-in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.sink import SentSink
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame

GL_RGBA = 0x1908


class Spout(SentSink):
    """A sender of Spout."""

    name = "spout"
    extra = "spout"
    system = "Windows"
    on = Param(False, doc="Spout (Windows), under the name that sender_name tells.")
    sender_name = Param("Antiphon", doc="Its name.")
    flip = Param(False, doc="Turn the picture upside down.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        library = required(Spout, "SpoutGL")
        self._flip = bool(params["flip"])
        self._cells = np.empty((0, 0, 4), np.uint8)
        self._sender = library.SpoutSender()
        self._sender.setSenderName(str(params["sender_name"]) or "Antiphon")

    def send(self, frame: "Frame") -> None:
        """Share a frame as a texture."""
        if self._cells.shape[:2] != frame.pixels.shape[:2]:
            self._cells = np.full((frame.height, frame.width, 4), 255, np.uint8)
        self._cells[..., :3] = frame.pixels
        if not self._sender.sendImage(self._cells, frame.width, frame.height, GL_RGBA, self._flip, 0):
            raise OSError("Spout took no frame: does this machine have a graphics card with DirectX 11?")

    def close(self) -> None:
        """Take the sender away."""
        self._sender.releaseSender()
