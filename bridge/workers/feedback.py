"""The last frame, moved on a little: mixed into the next one, or what the next one starts from."""

from collections.abc import Mapping

from bridge.workers.blend import Pixels, moved
from models.contract import Value

LONGEST = 0.25
"""Seconds from frame to frame that the picture moves for at most: after a pause it does not jump."""


class Feedback:
    """Keeps the last frame."""

    def __init__(self) -> None:
        self._last: Pixels | None = None
        self._time = 0.0

    def moved(self, slot: Mapping[str, Value], time: float) -> Pixels | None:
        """The last frame as ``/frames/feedback/…`` moves it up to ``time`` (seconds); None before the first."""
        if self._last is None:
            return None
        seconds = min(LONGEST, max(0.0, time - self._time))
        turned, right, down = (float(slot[f"feedback/{name}"]) * seconds for name in ("rotate", "shift_x", "shift_y"))
        return moved(self._last, float(slot["feedback/zoom"]) ** seconds, turned, right, down)

    def keep(self, frame: Pixels, time: float) -> None:
        """This frame was painted for ``time``."""
        self._last, self._time = frame, time
