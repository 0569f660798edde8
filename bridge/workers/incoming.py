"""The newest frame that a source brings in, for the models that take one."""

import numpy as np
from numpy.typing import NDArray

from bridge.clocks import now
from bridge.media.ring import FrameRing

GONE_AFTER = 3.0
"""Seconds after which a source that wrote nothing counts as gone; one that shows a still picture repeats it sooner."""


class Incoming:
    """Reads the ring that media's sources write (:data:`bridge.server.INPUT_SIZE`)."""

    def __init__(self, name: str) -> None:
        """``name`` is the ring's. Raises FileNotFoundError or RingError."""
        self._ring = FrameRing.attach(name)
        self._number = 0
        self._pixels: NDArray[np.uint8] | None = None
        self._time = 0.0

    def newest(self) -> NDArray[np.uint8] | None:
        """RGB, uint8 [height, width, 3], or None where no source delivers."""
        frame = self._ring.latest(after=self._number)
        if frame is not None:
            self._number, self._pixels, self._time = frame.sequence, frame.pixels, now()
        elif now() - self._time > GONE_AFTER:
            self._pixels = None
        return self._pixels

    def close(self) -> None:
        """Let go of the ring."""
        self._ring.close()
