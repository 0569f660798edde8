"""JACK's frames and the machine's clock: when the period began whose events are being handed over."""

from collections.abc import Callable
from typing import Any

FRAMES = 1 << 32
"""JACK's frame counter starts again there, after a day at 48 kHz."""
TRIES, NARROW = 3, 1e-5
"""A reading that takes longer than so many seconds was interrupted, and is tried again, so often at most."""
GAIN = 0.5
"""Of each new reading, which is rounded to whole frames. JACK's clock may itself be catching up, by microseconds a
period."""
JUMP = 3e-4
"""Seconds beyond which two readings in a row are no noise: a driver that was late has left frames out."""


class FrameClock:
    """Follows JACK's own smoothed clock; to be asked once in every period, in the process callback."""

    def __init__(self) -> None:
        self._start: int | None = None
        self._began = 0.0
        self._doubted = False

    def read(self, client: Any, now: Callable[[], float]) -> tuple[int, float]:
        """Return the period's first frame, and when it was in seconds; ``client`` is a jack.Client."""
        start = client.last_frame_time
        narrowest, current, time = 1.0, 0, 0.0
        for _ in range(TRIES):
            before = now()
            read = client.frame_time
            width = now() - before
            if width < narrowest:
                narrowest, current, time = width, read, before + width / 2
            if width < NARROW:
                break
        return start, self.began(start, current, time, client.samplerate)

    def began(self, start: int, current: int, time: float, rate: int) -> float:
        """Return when frame ``start`` was, given that frame ``current`` is at ``time``; ``rate`` in frames a second."""
        began = time - signed(current - start) / rate
        if self._start is not None:
            expected = self._began + signed(start - self._start) / rate
            off = began - expected
            far = abs(off) >= JUMP
            if not far:
                began = expected + GAIN * off
            elif not self._doubted:
                began = expected
            self._doubted = far and not self._doubted
        self._start, self._began = start, began
        return began


def signed(frames: int) -> int:
    """The difference of two readings of a counter that starts again at FRAMES."""
    frames %= FRAMES
    return frames - FRAMES if frames >= FRAMES // 2 else frames
