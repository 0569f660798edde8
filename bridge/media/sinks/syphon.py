"""Syphon, for programs on the same Mac: TouchDesigner, Max, Resolume, MadMapper.

Extra ``syphon``: syphon-python (MIT), macOS only. Untried; held against the package's own source by a stand-in.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.sink import SentSink
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame


class Syphon(SentSink):
    """A server of Syphon, over Metal."""

    name = "syphon"
    extra = "syphon"
    system = "macOS"
    on = Param(False, doc="Syphon (macOS), under the name that server_name tells.")
    server_name = Param("Antiphon", doc="Its name.")
    flip = Param(True, doc="Tell programs that rows come from the top; turn it if the picture is upside down.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        syphon = required(Syphon, "syphon")
        self._raw = required(Syphon, "syphon.utils.raw")
        self._numpy = required(Syphon, "syphon.utils.numpy")
        self._flip = bool(params["flip"])
        self._server = syphon.SyphonMetalServer(str(params["server_name"]) or "Antiphon")
        self._texture: Any = None
        self._cells = np.empty((0, 0, 4), np.uint8)

    def send(self, frame: "Frame") -> None:
        """Share a frame as a texture."""
        if self._cells.shape[:2] != frame.pixels.shape[:2]:
            self._cells = np.full((frame.height, frame.width, 4), 255, np.uint8)
            self._texture = self._raw.create_mtl_texture(self._server.device, frame.width, frame.height)
        self._cells[..., :3] = frame.pixels
        self._numpy.copy_image_to_mtl_texture(self._cells, self._texture)
        self._server.publish_frame_texture(self._texture, is_flipped=self._flip)

    def close(self) -> None:
        """Take the server away."""
        self._server.stop()
