"""Bars of any metre on the model's bars, which are four beats of four steps.

A bar of three beats fills three of a model bar's four; longer ones fill several model bars (5 as 3 + 2, 6 as 3 + 3,
7 as 4 + 3); bars of one or two beats lie end to end. So beats stay beats, 16ths stay 16ths, and a downbeat of the
music is a downbeat of the model. What the model puts on a beat that the music does not have is left out.
"""

from typing import NamedTuple

BEATS = 4
STEPS_PER_BEAT = 4
STEPS = BEATS * STEPS_PER_BEAT


class ModelBar(NamedTuple):
    """The part of a phrase that one bar of the model holds, in beats."""

    start: int
    beats: int

    def step_of(self, sixteenth: int) -> int:
        """The step in this bar (0..15) of a 16th counted from the phrase's beginning."""
        return sixteenth - self.start * STEPS_PER_BEAT

    def beat_of(self, step: int) -> float:
        """The beat of a step of this bar; steps on beats that the music lacks come at the bar's end."""
        return self.start + min(step / STEPS_PER_BEAT, self.beats)


def model_bars(bars: int, beats_per_bar: int) -> list[ModelBar]:
    """A phrase's bars as the model's, in order."""
    total = bars * beats_per_bar
    if BEATS % beats_per_bar == 0:
        return [ModelBar(start, min(BEATS, total - start)) for start in range(0, total, BEATS)]
    parts = -(-beats_per_bar // BEATS)
    shorter, longer = divmod(beats_per_bar, parts)
    found: list[ModelBar] = []
    start = 0
    for _ in range(bars):
        for part in range(parts):
            beats = shorter + (part < longer)
            found.append(ModelBar(start, beats))
            start += beats
    return found
