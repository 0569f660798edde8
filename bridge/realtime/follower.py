"""Finds the straight line under another clock's jittering ticks: its tempo, and where its beat is.

A least-squares line through the last two bars. Ticks that a busy machine delivered late are left out, unless they
persist: then the other clock has changed, and the line begins anew from them. Times are bridge.clocks.now seconds.
"""

import math
from collections import deque
from typing import NamedTuple

WINDOW = 8.0
"""Beats that the line looks back on: two bars of four."""
GATE = 0.004
"""Seconds beside the line from which a tick is doubted, at least; or so many times the usual deviation:"""
GATE_DEVIATIONS = 4.0
PERSISTS = 8
"""Doubted ticks in a row that are believed."""
FEW = 6
"""Ticks before which a tempo that was given is believed more than the line, where the two are near."""
NEAR = 0.15
DRIFT = 0.0012
"""Seconds by which the newest ticks may lie beside the line on average; beyond, the tempo is changing, and what is
older is forgotten."""
NEWEST = 8
REST = 4
"""Of a long line, every fourth tick makes a new one: that is accurate enough, and cheap."""


class Line(NamedTuple):
    """``beat`` is at ``time``, going on at ``tempo`` beats per minute."""

    time: float
    beat: float
    tempo: float

    def at(self, time: float) -> float:
        """Return the beat at ``time``."""
        return self.beat + (time - self.time) * self.tempo / 60.0

    def when(self, beat: float) -> float:
        """Return when ``beat`` is."""
        return self.time + (beat - self.beat) * 60.0 / self.tempo


class Follower:
    """The line through what was added; ``line`` is None before anything was."""

    def __init__(self, tempo: float, known: bool = False) -> None:
        """``tempo`` is the best guess; where it is ``known``, only the phase is looked for."""
        self.tempo, self.known = tempo, known
        self.line: Line | None = None
        self.deviation = 0.0
        """Seconds: how far the ticks lie from the line (root mean square)."""
        self._points: deque[tuple[float, float]] = deque()
        self._doubted: list[tuple[float, float]] = []
        self._added = 0

    def add(self, beat: float, time: float) -> None:
        """The other clock said at ``time`` that its beat is ``beat``, which only grows."""
        if self.line is not None and len(self._points) >= FEW:
            if abs(time - self.line.when(beat)) > max(GATE, GATE_DEVIATIONS * self.deviation):
                self._doubted.append((beat, time))
                if len(self._doubted) < PERSISTS:
                    return
                self._points = deque(self._doubted)  # it was right, and the line wrong
            else:
                self._points.append((beat, time))
            self._doubted = []
        else:
            self._points.append((beat, time))
        while self._points[0][0] < beat - WINDOW:
            self._points.popleft()
        self._added += 1
        if len(self._points) < 24 or self._added % REST == 0:
            self._fit()

    def shift(self, beats: float) -> None:
        """The other clock counts anew: what it called 0 is ``beats`` now."""
        self._points = deque((beat + beats, time) for beat, time in self._points)
        self._doubted = [(beat + beats, time) for beat, time in self._doubted]
        if self.line is not None:
            self.line = self.line._replace(beat=self.line.beat + beats)

    def doubts(self) -> float | None:
        """Seconds by which the doubted ticks are late, where there are enough of them to tell; negative: early."""
        if self.line is None or len(self._doubted) < PERSISTS - 1:
            return None
        return sum(time - self.line.when(beat) for beat, time in self._doubted) / len(self._doubted)

    def forget_doubts(self) -> None:
        """What was doubted is explained."""
        self._doubted = []

    def _fit(self) -> None:
        points = self._points
        count = len(points)
        beat0, time0 = points[-1]  # differences from the newest keep every digit, however long the clock has run
        mean_beat = sum(beat for beat, _ in points) / count - beat0
        mean_time = sum(time for _, time in points) / count - time0
        seconds = 60.0 / self.tempo
        if not self.known and count > 1:
            spread = sum((beat - beat0 - mean_beat) ** 2 for beat, _ in points)
            product = sum((beat - beat0 - mean_beat) * (time - time0) for beat, time in points)
            slope = product / spread if spread > 0 else seconds
            if slope > 0 and (count >= FEW or abs(slope / seconds - 1) > NEAR):
                seconds = slope
        self.line = Line(time0 + mean_time, beat0 + mean_beat, 60.0 / seconds)
        errors = [time - time0 - mean_time - (beat - beat0 - mean_beat) * seconds for beat, time in points]
        self.deviation = math.sqrt(sum(error * error for error in errors) / count)
        newest = errors[-NEWEST:]
        if count > 2 * NEWEST and abs(sum(newest)) / len(newest) > max(DRIFT, 1.5 * self.deviation):
            for _ in range(count // 2):
                points.popleft()
            self._fit()
