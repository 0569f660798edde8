"""The server's beat, as a client hears it through /clock/beat."""

import threading

from bridge.client.osc import Received

KEPT = 16
"""Beats that the estimate looks back on."""


class Beats:
    """When the server's beats fall, from messages that are never early and mostly a little late.

    The tempo is known and both processes read the same clock, so only the phase has to be found: the least delayed of
    the last beats gives it.
    """

    def __init__(self, tempo: float, beats_per_bar: int = 4) -> None:
        """``tempo`` in beats per minute."""
        self.seconds = 60.0 / tempo
        """Seconds in a beat."""
        self.beats_per_bar = beats_per_bar
        self._heard: list[tuple[int, float]] = []
        self._bar = (0, 0)
        self._lock = threading.Lock()

    def hear(self, message: Received) -> None:
        """Take a /clock/beat."""
        beat, bar, beat_in_bar = (int(str(value)) for value in message.values)
        with self._lock:
            self._bar = (bar, beat - beat_in_bar)
            self._heard = [*self._heard, (beat, message.time)][-KEPT:]

    def forget(self) -> None:
        """Start anew, after the tempo or the downbeat has been moved."""
        with self._lock:
            self._heard = []

    @property
    def heard(self) -> int:
        """How many beats the estimate rests on."""
        with self._lock:
            return len(self._heard)

    def time(self, beat: float) -> float:
        """When that beat falls, in bridge.clocks seconds. Raises ValueError before a beat was heard."""
        with self._lock:
            return min(time - heard * self.seconds for heard, time in self._heard) + beat * self.seconds

    def beat(self, time: float) -> float:
        """Which beat it is at that time. Raises ValueError before a beat was heard."""
        return (time - self.time(0.0)) / self.seconds

    def bar_line(self, bar: int) -> int:
        """The first beat of that bar."""
        with self._lock:
            known, line = self._bar
        return line + (bar - known) * self.beats_per_bar

    def bar(self, beat: float) -> int:
        """The bar in which that beat lies."""
        with self._lock:
            known, line = self._bar
        return known + int((beat - line) // self.beats_per_bar)
