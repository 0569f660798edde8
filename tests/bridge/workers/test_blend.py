"""Pictures mixed, moved and faded."""

from collections.abc import Iterator

import numpy as np
import pytest

from bridge.media.ring import FrameRing
from bridge.realtime.now import Beat
from bridge.workers.between import Between
from bridge.workers.blend import mix, moved, sized
from bridge.workers.fade import Fade, next_bar
from bridge.workers.feedback import Feedback


def grey(shade: int, width: int = 32, height: int = 16) -> np.ndarray:
    return np.full((height, width, 3), shade, np.uint8)


def spot(x: int, y: int, side: int = 33) -> np.ndarray:
    picture = np.zeros((side, side, 3), np.uint8)
    picture[y, x] = 255
    return picture


def brightest(picture: np.ndarray) -> tuple[int, int]:
    y, x = np.unravel_index(picture[..., 0].argmax(), picture.shape[:2])
    return int(x), int(y)


def test_mixing() -> None:
    assert (mix(grey(0), grey(200), 0.25) == 50).all()
    assert (mix(grey(10), grey(200), 0.0) == 10).all()
    assert (mix(grey(10), grey(200), 1.0) == 200).all()
    assert sized(grey(7), 20, 10).shape == (10, 20, 3)


def test_moving() -> None:
    assert brightest(moved(spot(16, 16), 1.0, 0.0, 4 / 33, -2 / 33)) == (20, 14)
    assert brightest(moved(spot(20, 16), 1.0, 90.0, 0.0, 0.0)) == (16, 20)  # clockwise: from the right to below
    assert brightest(moved(spot(20, 16), 2.0, 0.0, 0.0, 0.0)) in ((24, 16), (25, 16))
    assert moved(spot(1, 1), 1.0, 0.0, 0.0, 0.0)[1, 1, 0] == 255


def test_what_comes_in_from_outside_is_not_black() -> None:
    for motion in ((0.5, 0.0, 0.0, 0.0), (1.0, 45.0, 0.0, 0.0), (1.0, 0.0, 0.4, -0.4)):
        assert (moved(grey(90), *motion) >= 89).all()


def test_between_two_paintings_the_newest_is_seen_at_once() -> None:
    between = Between()
    assert between.next() is None
    between.feed(grey(40), 1)
    first = between.next()
    assert first is not None
    assert (first == 40).all()
    assert between.next() is None
    between.feed(grey(160), 3)
    shown = [between.next() for _ in range(4)]
    assert [picture if picture is None else picture[0, 0, 0] for picture in shown] == [80, 120, 160, None]


def test_feedback_moves_by_the_time_that_passed() -> None:
    feedback = Feedback()
    slot = {f"feedback/{name}": 0.0 for name in ("rotate", "shift_x", "shift_y")} | {"feedback/zoom": 1.0}
    assert feedback.moved(slot, 0.0) is None
    feedback.keep(spot(16, 16), 1.0)
    still = feedback.moved(slot, 1.1)
    assert still is not None
    assert (still == spot(16, 16)).all()
    shifted = feedback.moved(slot | {"feedback/shift_x": 1.0}, 1.0 + 4 / 33)
    assert shifted is not None
    assert brightest(shifted) == (20, 16)


@pytest.fixture
def rings() -> Iterator[tuple[FrameRing, FrameRing]]:
    rings = FrameRing.create(64, 64), FrameRing.create(64, 64)
    yield rings
    for ring in rings:
        ring.close()
        ring.unlink()


def test_a_fade_goes_from_what_the_other_paints_to_ours(rings: tuple[FrameRing, FrameRing]) -> None:
    ring, aside = rings
    aside.write(grey(255), time=0.0)  # of an earlier fade
    ring.write(grey(0), time=1.0)
    fade = Fade(ring, aside, 10.0, 2.0)
    assert not fade.due(9.9)
    assert (fade.mixed(grey(100), 10.0) == 0).all()
    assert (fade.mixed(grey(100), 10.5) == 25).all()
    aside.write(grey(255), time=2.0)
    assert (fade.mixed(grey(100), 11.0) == 50).all(), "that was whom the one before replaced"
    before = FrameRing.attach(aside.name)
    before.write(grey(200, 64, 32), time=2.0)  # it paints on, at another size
    assert (fade.mixed(grey(100), 11.0) == 150).all()
    before.close()
    assert not fade.done
    assert (fade.mixed(grey(100), 12.0) == 100).all()
    assert fade.done


def test_a_cut_shows_nothing_of_what_was(rings: tuple[FrameRing, FrameRing]) -> None:
    ring, aside = rings
    ring.write(grey(0), time=1.0)
    assert (Fade(ring, aside, 10.0, 0.0).mixed(grey(100), 10.0) == 100).all()


def test_the_next_bar_line() -> None:
    beat = Beat(time=100.0, beat=8.0, tempo=120.0, bar_beat=8, bar=2, beats_per_bar=4)
    assert next_bar(beat, 100.5) == pytest.approx(102.0)
    assert next_bar(beat, 102.1) == pytest.approx(104.0)
