"""NDI from the network, or from another program on this machine.

Extra ``ndi``: see ``bridge.media.sinks.ndi`` for what it brings, and its terms.
"""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.media.endpoint import Places, required
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIND_SECONDS = 3.0
WAIT_MS = 100


class NdiSource(ReadSource):
    """Connects to the sender whose name holds the words that source_name tells."""

    name = "ndi"
    extra = "ndi"
    on = Param(False, doc="Frames from NDI, of the sender that source_name tells.")
    source_name = Param("", doc="Its name, or a part of it; empty: the first that is not ours.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        finders, receivers = required(NdiSource, "cyndilib.finder"), required(NdiSource, "cyndilib.receiver")
        frames, wrapper = required(NdiSource, "cyndilib.video_frame"), required(NdiSource, "cyndilib.wrapper")
        self._video_kind = receivers.ReceiveFrameType.recv_video
        wanted = str(params["source_name"])
        self._finder = finders.Finder()
        self._finder.open()
        until, source = time.monotonic() + FIND_SECONDS, None
        while source is None:
            self._finder.wait_for_sources(0.2)
            self._finder.update_sources()
            names = [name for name in self._finder.get_source_names() if wanted in name and (wanted or not _ours(name))]
            source = self._finder.get_source(names[0]) if names else None
            if source is None and time.monotonic() > until:
                self._finder.close()
                raise ConnectionError(f"no NDI sender {wanted!r} is found")
        self._receiver: Any = receivers.Receiver(color_format=wrapper.RecvColorFormat.RGBX_RGBA)
        self._frame = frames.VideoRecvFrame()
        self._receiver.set_video_frame(self._frame)
        self._receiver.set_source(source)

    def read(self) -> "NDArray[np.uint8] | None":
        """Return the next frame."""
        if self._receiver.receive(self._video_kind, WAIT_MS) != self._video_kind:
            return None
        width, height = self._frame.get_resolution()
        data = np.frombuffer(self._frame, np.uint8)
        stride = self._frame.get_line_stride() or 4 * width
        if not width or not height or data.size < stride * height:
            return None
        rows = data[: stride * height].reshape(height, stride)[:, : 4 * width]
        return np.ascontiguousarray(rows.reshape(height, width, 4)[..., :3])

    def close(self) -> None:
        """Disconnect."""
        self._receiver.disconnect()
        self._finder.close()


def _ours(name: str) -> bool:
    return name.endswith("(Antiphon)")
