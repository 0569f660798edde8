"""How long each model takes to its first note, so that it can be asked in time. Pure; seconds."""

from collections import deque

FLOOR = 0.06
"""However quick a model is: the way there and back, on a busy machine."""
UNKNOWN = 0.12
"""Before a model has been heard a few times."""
KNOWN = 3
KEPT = 16
MARGIN = 1.25
"""Times the slowest answers but a few (the fourth quarter), which are taken for accidents."""


class Latency:
    """Of each model, and of each thing that it is asked to do."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = {}

    def add(self, what: str, seconds: float) -> None:
        """It took so long from the asking to the first note."""
        self._seconds.setdefault(what, deque(maxlen=KEPT)).append(seconds)

    def lead(self, what: str) -> float:
        """How long before it is to sound it must be asked."""
        known = sorted(self._seconds.get(what, ()))
        if len(known) < KNOWN:
            return UNKNOWN
        return max(FLOOR, MARGIN * known[3 * len(known) // 4])
