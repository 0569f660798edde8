"""Tap tempo: the beat as a performer taps it. Pure; times are bridge.clocks.now seconds."""

from bridge.realtime.follower import Line

LONGEST = 3.0
"""Seconds after which a tap begins anew: 20 beats per minute."""
SHORTEST = 0.15
"""Seconds: 400 beats per minute; a tap sooner after another is a bounce."""
KEPT = 8
ODD = 1.5
"""A pause so many times longer (or shorter) than the taps before begins anew."""


class Taps:
    """The last taps."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def tap(self, time: float) -> Line | None:
        """A beat was tapped; return the beat's line, on which the last tap is beat 0; None after the first tap."""
        if self._times:
            pause = time - self._times[-1]
            if pause < SHORTEST:
                return None
            usual = (self._times[-1] - self._times[0]) / (len(self._times) - 1) if len(self._times) > 1 else pause
            if pause > LONGEST or not usual / ODD < pause < usual * ODD:
                self._times = self._times[-1:] if pause <= LONGEST else []
        self._times = [*self._times, time][-KEPT:]
        count = len(self._times)
        if count < 2:
            return None
        mean_tap, mean_time = (count - 1) / 2, sum(self._times) / count
        spread = sum((tap - mean_tap) ** 2 for tap in range(count))
        seconds = sum((tap - mean_tap) * (at - mean_time) for tap, at in enumerate(self._times)) / spread
        return Line(mean_time, mean_tap - (count - 1), 60.0 / seconds)
