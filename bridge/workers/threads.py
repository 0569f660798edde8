"""How many threads a model is quickest on: with the other cores busy, more of them are slower than one."""

import os
from collections.abc import Callable

from bridge.clocks import now
from models.contract import Threaded

TRIED = (2, 4, 8)
TAKES = 3
"""Paintings with each number; the quickest counts."""
WORTH = 0.8
"""The share of the time that more threads must come down to, to be worth other processes' cores."""
LONG = 1.5
"""Seconds after which no more is tried: the show waits."""


def fastest(model: Threaded, paint: Callable[[], float], cores: int | None = None) -> int:
    """Set the number of threads that paints the quickest and return it; ``paint`` returns the seconds that it took."""
    end = now() + LONG
    best, least = 1, _taken(model, 1, paint, end)
    for threads in TRIED:
        if threads > (cores or os.cpu_count() or 1) or now() > end:
            break
        taken = _taken(model, threads, paint, end)
        if taken > WORTH * least:
            break
        best, least = threads, taken
    model.set_threads(best)
    paint()  # what was set up anew is warm again
    return best


def _taken(model: Threaded, threads: int, paint: Callable[[], float], end: float) -> float:
    model.set_threads(threads)
    paint()
    taken = paint()
    for _ in range(TAKES - 1):
        if now() < end:
            taken = min(taken, paint())
    return taken
