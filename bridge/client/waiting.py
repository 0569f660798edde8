"""Waiting for a moment."""

import time

from bridge.clocks import now

SPIN = 0.0015
"""Seconds before the moment from which the clock is watched: sleep alone wakes up late."""


def until(moment: float) -> None:
    """Return at that moment of bridge.clocks, or at once when it is over."""
    while (left := moment - now()) > SPIN:
        time.sleep(left - SPIN)
    while now() < moment:
        pass
