"""Frames that another program writes to shared memory, in the layout of ``bridge.media.ring`` (see docs/video.md)."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bridge.media.endpoint import EndpointError, Places
from bridge.media.source import ReadSource
from models.contract import Param, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LOOK_SECONDS = 0.002
STILL_SECONDS = 2.0
"""Without a new frame for this long, the name is looked up again: its writer may have begun anew."""


class SharedMemorySource(ReadSource):
    """Reads a ring."""

    name = "shared_memory"
    on = Param(False, doc="Frames from shared memory, under the name that ring tells.")
    ring = Param("antiphon-source", doc="Its name.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        from bridge.media.ring import FrameRing, RingError

        name = str(params["ring"])
        if name in (places.ring, places.incoming):
            raise EndpointError(f"ring must be another program's, got {name!r}, which is ours")
        try:
            self._ring = FrameRing.attach(name)
        except RingError as error:
            raise EndpointError(f"{name} in shared memory is no ring of frames: {error}") from error
        except FileNotFoundError as error:
            raise FileNotFoundError(f"there is no shared memory named {name} yet") from error
        except ValueError as error:  # too small to be mapped
            raise EndpointError(f"{name} in shared memory is no ring of frames: {error}") from error
        self._last = 0
        self._changed = time.monotonic()

    def read(self) -> "NDArray[np.uint8] | None":
        """Return the newest frame, once it is another."""
        frame = self._ring.latest(self._last)
        if frame is None:
            if time.monotonic() - self._changed > STILL_SECONDS:
                raise TimeoutError(f"nothing new in shared memory for {STILL_SECONDS:g} s")
            time.sleep(LOOK_SECONDS)
            return None
        self._last, self._changed = frame.sequence, time.monotonic()
        return frame.pixels

    def close(self) -> None:
        """Let go of the ring."""
        self._ring.close()
