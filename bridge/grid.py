"""The lines on which phrases begin: beats, bars, or phrases of some bars. Pure."""

import math
from typing import Literal, NamedTuple

from bridge.realtime.now import Beat

Launch = Literal["beat", "bar", "phrase"]


class Grid(NamedTuple):
    """Bars of ``bar`` beats, one of which, number ``number``, begins at ``line``."""

    line: float
    number: int
    bar: int

    @classmethod
    def of(cls, beat: Beat) -> "Grid":
        """The bars of the clock."""
        return cls(beat.bar_beat, beat.bar, beat.beats_per_bar)

    def step(self, launch: Launch, phrase: int) -> int:
        """Beats between two lines; a ``phrase`` has so many bars."""
        return {"beat": 1, "bar": self.bar, "phrase": phrase * self.bar}[launch]

    def before(self, beat: float, launch: Launch = "bar", phrase: int = 1) -> float:
        """The line at or before a beat; phrases are counted from the song's bar 0."""
        step = self.step(launch, phrase)
        first = self.line - (self.number * self.bar if launch == "phrase" else 0)
        return first + math.floor((beat - first) / step + 1e-9) * step

    def after(self, beat: float, launch: Launch = "bar", phrase: int = 1) -> float:
        """The next line after a beat."""
        return self.before(beat, launch, phrase) + self.step(launch, phrase)

    def bar_number(self, line: float) -> int:
        """The number of the bar that begins at a line."""
        return self.number + round((line - self.line) / self.bar)
