"""How quality follows the time that paintings take; the time is the test's."""

import pytest

from bridge.workers.quality import PROVED, WAIT, Level, Quality, levels
from models.contract import FrameModel, Param

BUDGET = 1 / 30


class Slow(FrameModel):
    name = "slow"
    steps = Param(4, low=1, high=8, costs=True)


class Show:
    """Paints with what a painting takes at the best level in the test's hands."""

    def __init__(self, at_best: float) -> None:
        self.quality = Quality(levels(Slow, resizable=True))
        self.at_best, self.time = at_best, 0.0
        self.levels = [0]

    def run(self, seconds: float) -> None:
        until = self.time + seconds
        while self.time < until:
            taken = self.at_best * self.quality.now.cost
            self.time += max(taken, BUDGET * self.quality.now.every)
            self.quality.painted(taken, BUDGET, self.time)
            if self.quality.level != self.levels[-1]:
                self.levels.append(self.quality.level)


def test_a_model_in_time_stays_at_its_best() -> None:
    show = Show(0.02)
    show.run(60)
    assert show.levels == [0]


def test_quality_goes_down_at_once_and_up_again_once_there_is_room() -> None:
    show = Show(0.02)
    show.run(5)
    show.at_best = 0.08
    show.run(1)
    lowest = show.quality.level
    assert lowest > 0
    assert 0.08 * show.quality.now.cost < BUDGET * show.quality.now.every
    show.at_best = 0.02
    show.run(WAIT * (lowest + 1))
    assert show.quality.level == 0


def test_a_load_at_the_edge_does_not_flicker() -> None:
    """Room is measured with another bound than lateness, and a level that proved too high is tried ever less often."""
    show = Show(0.0325)
    show.run(300)
    assert len(show.levels) <= 3


def test_a_level_that_proves_too_high_is_tried_less_and_less_often() -> None:
    show = Show(0.02)
    for _ in range(40):  # as long as it is at its best something slows it down
        show.at_best = 0.08 if show.quality.level == 0 else 0.02
        show.run(PROVED / 2)
    assert show.levels.count(0) <= 7


def test_one_slow_painting_says_nothing() -> None:
    show = Show(0.02)
    for _ in range(20):
        show.run(0.5)
        show.quality.painted(0.3, BUDGET, show.time)
    assert show.levels == [0]


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.3, 2.0])
def test_a_model_begins_where_it_fits(seconds: float) -> None:
    quality = Quality(levels(Slow, resizable=True))
    quality.start(seconds, BUDGET, 0.0)
    fits = seconds * quality.now.cost <= BUDGET * quality.now.every
    assert fits or quality.level == len(quality.levels) - 1
    assert quality.level == 0 or seconds * quality.levels[quality.level - 1].cost > 0.8 * BUDGET


def test_a_pinned_level_stays() -> None:
    quality = Quality(levels(Slow, resizable=False))
    quality.pin(99, 0.0)
    assert quality.level == len(quality.levels) - 1


def test_a_level_lowers_what_costs_time_and_no_more() -> None:
    params = {"steps": 5, "seed": 3, "speed": 1.0, "reaction": 0.5}
    assert Level().params(Slow, params) == params
    assert Level(steps=0.5).params(Slow, params) == {**params, "steps": 2}
    assert Level(steps=0.0).params(Slow, params) == {**params, "steps": 1}
    assert (
        str(Level(steps=0.5, scale=0.75, every=2)) == "50% of the steps, 75% of width and height, 1 frame of 2 painted"
    )
    assert Level(scale=0.5).size(640, 361) == (320, 180)
    assert len(levels(FrameModel, resizable=False)) == 7
