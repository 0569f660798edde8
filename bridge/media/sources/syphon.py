"""Syphon, from programs on the same Mac.

Extra ``syphon``: see ``bridge.media.sinks.syphon``. Untried; held against the package's own source by a stand-in.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOOK_SECONDS = 0.004
BGRA = 80
"""``MTLPixelFormatBGRA8Unorm``."""


class SyphonSource(ReadSource):
    """A client of Syphon, over Metal."""

    name = "syphon"
    extra = "syphon"
    system = "macOS"
    on = Param(False, doc="Frames from Syphon (macOS), of the server that server_name tells.")
    server_name = Param("", doc="The server's or its program's name; empty: the first that is not ours.")
    flip = Param(True, doc="Turn the picture upside down: Syphon's rows come from the bottom.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        syphon = required(SyphonSource, "syphon")
        self._numpy = required(SyphonSource, "syphon.utils.numpy")
        self._flip, wanted = bool(params["flip"]), str(params["server_name"])
        directory = syphon.SyphonServerDirectory()
        found = [
            server
            for server in directory.servers
            if (wanted in (server.name, server.app_name) if wanted else server.name != "Antiphon")
        ]
        if not found:
            raise ConnectionError(f"no Syphon server {wanted!r} is found")
        self._client = syphon.SyphonMetalClient(found[0])

    def read(self) -> "NDArray[np.uint8] | None":
        """Return a frame, once there is a new one."""
        if not self._client.is_valid:
            raise ConnectionError("the Syphon server has gone")
        texture = self._client.new_frame_image if self._client.has_new_frame else None
        if texture is None:
            time.sleep(LOOK_SECONDS)
            return None
        cells = self._numpy.copy_mtl_texture_to_image(texture)
        pixels = cells[..., 2::-1] if texture.pixelFormat() == BGRA else cells[..., :3]
        return np.ascontiguousarray(pixels[::-1] if self._flip else pixels)

    def close(self) -> None:
        """Disconnect."""
        self._client.stop()
