"""What moves a parameter: a number for each moment, -1 to 1 of what swings, 0 to 1 of what follows."""

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

SHAPES: Mapping[str, Callable[[float], float]] = {
    "sine": lambda turns: math.sin(2 * math.pi * turns),
    "triangle": lambda turns: 4 * abs((turns - 0.25) % 1 - 0.5) - 1,
    "ramp": lambda turns: 2 * (turns % 1) - 1,
    "saw": lambda turns: 1 - 2 * (turns % 1),
    "square": lambda turns: 1.0 if turns % 1 < 0.5 else -1.0,
}
"""Of an LFO, by name; a whole turn is a period."""
FOLLOWED = ("velocity", "pitch", "density", "low", "mid", "high", "loudness", "onset")
"""What can be followed: of the notes the first three, of the sound that comes in the others."""
LOWEST, HIGHEST = 36, 96
"""The pitches that stand for 0 and 1."""
FULL = 4.0
"""Notes a beat that count as density 1."""
DECAY = 4.0
"""How many times over an envelope falls by e in its length."""


class Onset(NamedTuple):
    """A note's beginning."""

    beat: float
    pitch: int
    velocity: int


class Notes:
    """What was played a short while ago."""

    def __init__(self) -> None:
        self._onsets: deque[Onset] = deque(maxlen=256)

    def add(self, beat: float, pitch: int, velocity: int) -> None:
        """A note begins."""
        self._onsets.append(Onset(beat, pitch, velocity))

    @property
    def newest(self) -> Onset | None:
        """The note that began last."""
        return self._onsets[-1] if self._onsets else None

    def density(self, beat: float, beats: float) -> float:
        """Notes begun in the beats before, 0 to 1: FULL a beat and more are 1."""
        began = sum(1 for onset in self._onsets if beat - beats < onset.beat <= beat)
        return min(1.0, began / (FULL * beats))

    def envelope(self, beat: float, beats: float) -> float:
        """1 times its velocity when a note begins, then falling over so many beats."""
        newest = self.newest
        if newest is None or beat < newest.beat:
            return 0.0
        return newest.velocity / 127 * math.exp(-DECAY * (beat - newest.beat) / beats)

    def followed(self, what: str, beat: float, beats: float) -> float:
        """``velocity`` or ``pitch`` of the newest note, or the ``density``; 0 to 1."""
        if what == "density":
            return self.density(beat, beats)
        newest = self.newest
        if newest is None:
            return 0.0
        if what == "velocity":
            return newest.velocity / 127
        return min(1.0, max(0.0, (newest.pitch - LOWEST) / (HIGHEST - LOWEST)))


def walk(seed: int, beat: float, beats: float) -> float:
    """A random walk, -1 to 1: a new place every so many beats, and a smooth way there; the same whenever asked."""
    step = math.floor(beat / beats)
    share = beat / beats - step
    one, other = (_place(seed, number) for number in (step, step + 1))
    return one + (other - one) * share * share * (3 - 2 * share)


def _place(seed: int, step: int) -> float:
    return random.Random(f"{seed}/{step}").uniform(-1.0, 1.0)  # noqa: S311  (no secret)
