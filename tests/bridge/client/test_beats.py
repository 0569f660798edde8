"""The server's beat, found from messages that come late."""

import random

import pytest

from bridge.client.beats import KEPT, Beats
from bridge.client.osc import Received

ORIGIN = 1000.0


def beat_message(beat: int, late: float, line: int = 0, beats_per_bar: int = 4) -> Received:
    """A /clock/beat at 120 beats a minute; bar 0 begins at beat ``line``."""
    bar, beat_in_bar = divmod(beat - line, beats_per_bar)
    return Received(ORIGIN + beat * 0.5 + late, "/clock/beat", (beat, bar, beat_in_bar))


def test_the_least_delayed_beat_gives_the_phase() -> None:
    beats, chance = Beats(120.0), random.Random(1)
    for beat in range(KEPT):
        beats.hear(beat_message(beat, 0.001 if beat == 5 else chance.uniform(0.002, 0.05)))
    assert beats.time(20) == pytest.approx(ORIGIN + 10.001)
    assert beats.beat(ORIGIN + 10.001) == pytest.approx(20)


def test_old_beats_are_forgotten() -> None:
    beats = Beats(120.0)
    beats.hear(beat_message(0, -3.0))  # of an earlier downbeat
    for beat in range(1, KEPT + 1):
        beats.hear(beat_message(beat, 0.004))
    assert beats.time(0) == pytest.approx(ORIGIN + 0.004)
    beats.forget()
    assert beats.heard == 0
    with pytest.raises(ValueError, match="empty"):
        beats.time(0)


def test_bar_lines() -> None:
    beats = Beats(120.0)
    beats.hear(beat_message(11, 0.0, line=2))  # bar 2, its second beat
    assert [beats.bar_line(bar) for bar in (0, 2, 3)] == [2, 10, 14]
    assert [beats.bar(beat) for beat in (2.0, 5.9, 6.0, 13.99, 14.0)] == [0, 0, 1, 2, 3]
