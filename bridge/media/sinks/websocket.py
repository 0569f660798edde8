"""Binary JPEG over WebSocket: one message a frame, for pages and programs.

With ``?header=1`` each message begins with 24 bytes in network order: the frame's number (u64), when it was generated
(f64, Unix seconds) and its age when it was sent (f64, seconds).
"""

import struct
import time
from typing import TYPE_CHECKING

from bridge import clocks
from bridge.media import encoders
from bridge.media.sink import ServedSink
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.routing import BaseRoute

    from bridge.media.feed import Picture

HEADER = struct.Struct("!Qdd")


class WebSocketFrames(ServedSink):
    """``/frames.ws``"""

    name = "websocket"
    on = Param(True, doc="JPEG over WebSocket, at /frames.ws.")
    paths = ("/frames.ws",)

    def routes(self) -> "Sequence[BaseRoute]":
        """One stream, with or without headers."""
        from bridge.media.streams import broadcast_route

        return [
            broadcast_route(
                self.paths[0],
                self.feed,
                encoders.jpeg,
                {"": lambda picture: picture.data, "1": lambda picture: header(picture) + picture.data},
            )
        ]


def header(picture: "Picture[bytes]") -> bytes:
    """Return the 24 bytes that tell about a picture."""
    age = clocks.now() - picture.time
    return HEADER.pack(picture.sequence, time.time() - age, age)
