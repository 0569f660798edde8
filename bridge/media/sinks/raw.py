"""Uncompressed frames over WebSocket: one message a frame, exact, for programs on the same machine.

Each message begins with 32 bytes in network order: the frame's number (u64), when it was generated (f64, Unix seconds),
its age when it was sent (f64, seconds), its width and height in pixels (u32 each). Then come height × width × 3 bytes:
rows from the top, each pixel red, green, blue.
"""

import struct
from typing import TYPE_CHECKING

from bridge.media.encoders import rgb
from bridge.media.sink import ServedSink
from bridge.media.sinks.websocket import header
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

SIZE = struct.Struct("!II")


class RawFrames(ServedSink):
    """``/frames.rgb``"""

    name = "raw"
    on = Param(True, doc="Raw RGB over WebSocket, at /frames.rgb.")
    paths = ("/frames.rgb",)

    def routes(self) -> "Sequence[BaseRoute]":
        """One stream."""
        from bridge.media.streams import broadcast_route

        return [
            broadcast_route(
                self.paths[0],
                self.feed,
                rgb,
                {"": lambda picture: header(picture) + SIZE.pack(*picture.data[0]) + picture.data[1]},
            )
        ]
