"""The frame engine in a real server: swaps, sizes, quality, feedback, and what comes in."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import PATIENCE, Performer, Serving, serving
from stage import frame, wait_for_frame
from stage_models import REFUSED

from bridge.media.ring import Frame, FrameRing


@pytest.fixture(scope="module")
def stage() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "48", "--height", "32", stage=True) as served:
        yield served


@pytest.fixture(scope="module")
def ring(stage: Serving) -> Iterator[FrameRing]:
    """What is shown."""
    ring = FrameRing.attach(stage.performer.info("frames/ring")["frames/ring"])
    yield ring
    ring.close()


@pytest.fixture
def performer(stage: Serving) -> Iterator[Performer]:
    """A performer with the lamp, dark; a cut to whatever follows."""
    performer = Performer(stage.osc_port)
    values = {"/frames/model": "lamp", "/frames/fade": 0.0, "/frames/fade_on": "ready", "/frames/quality": 0}
    values |= {"/frames/lamp/level": 0.0, "/frames/width": 48, "/frames/height": 32, "/frames/fps": 60.0}
    values |= {"/frames/feedback/amount": 0.0, "/frames/tired/takes": 0.0, "/clock/tempo": 240.0}
    for path, value in values.items():
        performer.send(path, value)
    performer.ping(1)
    wait_for_frame(stage, (0, 0, 0))
    yield performer
    performer.close()


def frames_until(ring: FrameRing, wanted: tuple[int, int, int]) -> list[Frame]:
    """Every frame that is shown until one has this colour."""
    found: list[Frame] = []
    until = time.monotonic() + PATIENCE
    while not found or tuple(found[-1].pixels[10, 10]) != wanted:
        newest = ring.latest(after=found[-1].sequence if found else 0)
        if newest is not None:
            found.append(newest)
        assert time.monotonic() < until, f"no frame of {wanted}"
        time.sleep(0.001)
    return found


def test_the_next_model_fades_in_over_the_last_which_goes_on(
    stage: Serving, performer: Performer, ring: FrameRing
) -> None:
    performer.send("/frames/fade", 1.0)
    performer.send("/frames/lamp/level", 1.0)
    wait_for_frame(stage, (255, 0, 0))
    performer.send("/frames/model", "mirror")
    shown = frames_until(ring, (255, 255, 255))
    greens = [int(each.pixels[10, 10, 1]) for each in shown]
    assert greens == sorted(greens), "the white one comes up over the red one"
    assert all(each.pixels[10, 10, 0] == 255 for each in shown), "both are red: nothing black comes between"
    performer.send("/frames/model", "lamp")
    performer.send("/frames/lamp/level", 0.0)
    performer.send("/frames/fade", 0.0)


def test_both_models_follow_parameters_while_they_fade(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/fade", 60.0)
    performer.send("/frames/model", "mirror")
    until = time.monotonic() + PATIENCE
    while not 0 < frame(stage)[10, 10, 1] < 100:
        assert time.monotonic() < until
    performer.send("/frames/lamp/level", 1.0)
    while not frame(stage)[10, 10, 0] > 200:
        assert time.monotonic() < until
    assert frame(stage)[10, 10, 1] < 200


def test_a_fade_may_begin_on_the_bar(performer: Performer, ring: FrameRing) -> None:
    performer.send("/clock/tempo", 80.0)  # on a busy machine the first white frame is seen well after the bar's line
    performer.send("/clock/beats_per_bar", 8)
    performer.send("/clock/downbeat")
    performer.send("/frames/fade_on", "bar")
    performer.send("/subscribe", "/clock/beat")
    performer.send("/frames/model", "mirror")
    frames_until(ring, (255, 255, 255))
    performer.ping(1)
    heard = [values for path, values in performer.heard if path == "/clock/beat"]
    assert heard[-1][2] == 0, "the first beat of a bar has just been"


def test_the_model_that_paints_is_wanted_again_before_the_next_has_come(stage: Serving, performer: Performer) -> None:
    pid = performer.info("process/frames")["process/frames"]
    performer.send("/frames/model", "mirror")
    performer.send("/frames/model", "lamp")
    performer.send("/frames/lamp/level", 1.0)
    wait_for_frame(stage, (255, 0, 0))
    facts = performer.info("")
    assert (facts["process/frames"], facts["frames/loading"]) == (pid, "")


def test_size_changes_while_it_paints(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/width", 100)
    performer.send("/frames/height", 40)
    until = time.monotonic() + PATIENCE
    while frame(stage).shape != (40, 100, 3):
        assert time.monotonic() < until


def test_a_size_beyond_the_ring_is_refused(performer: Performer) -> None:
    performer.send("/frames/height", 1024)
    path, reason = performer.ask_for_error("/frames/width", 1025)
    assert (path, reason) == ("/frames/width", "/frames/width must be at most 1024 with /frames/height 1024, got 1025")
    assert performer.ask("/frames/width") == [48]


def test_quality_goes_down_where_frames_come_late_and_may_be_pinned(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/model", "tired")
    wait_for_frame(stage, (100, 100, 100))
    performer.send("/frames/quality", -1)
    performer.send("/frames/tired/takes", 0.1)
    wait_for_frame(stage, (20, 20, 20))  # the fewest steps there are
    facts = performer.info("frames/quality")
    assert facts["frames/quality"] > 1
    assert "fewest steps" in facts["frames/quality_is"]
    assert frame(stage).shape == (32, 48, 3)
    performer.send("/frames/quality", 1)
    wait_for_frame(stage, (50, 50, 50))
    performer.send("/frames/quality", 0)
    wait_for_frame(stage, (100, 100, 100))


def test_what_cannot_be_painted_is_said_once_and_the_last_frame_stays(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/model", "tired")
    wait_for_frame(stage, (100, 100, 100))
    pid = performer.info("process/frames")["process/frames"]
    performer.send("/subscribe", "/error")
    performer.send("/frames/tired/work", REFUSED)
    path, reason = performer.wait("/error")
    assert (path, reason) == ("/frames/model", "no frame can be painted: work must not be 66, got 66")
    assert tuple(frame(stage)[10, 10]) == (100, 100, 100)
    performer.send("/frames/tired/work", 100)
    performer.send("/frames/tired/work", 120)
    wait_for_frame(stage, (120, 120, 120))
    assert performer.info("process/frames")["process/frames"] == pid
    assert len([1 for path, _ in performer.heard if path == "/error"]) == 1
    performer.send("/frames/tired/work", 100)


def test_a_model_without_room_says_so(stage: Serving, performer: Performer) -> None:
    performer.send("/subscribe", "/error")
    performer.send("/frames/slide/file", "huge")
    performer.send("/frames/model", "slide")
    _, reason = performer.wait("/error")
    assert reason.endswith("does not take the place of lamp: the model could not be loaded: MemoryError: out of memory")


def test_feedback_keeps_what_was(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/feedback/amount", 0.9)
    performer.send("/frames/fps", 5.0)  # three seconds until it is red
    performer.send("/frames/lamp/level", 1.0)
    until = time.monotonic() + PATIENCE
    seen: set[int] = set()
    while max(seen, default=0) < 200:
        seen.add(int(frame(stage)[10, 10, 0]))
        assert time.monotonic() < until
    assert len(seen) > 2, "it comes by and by"


def test_frames_say_what_they_were_painted_with(performer: Performer, ring: FrameRing) -> None:
    performer.send("/frames/seed", 7)
    performer.send("/frames/lamp/level", 1.0)
    last = frames_until(ring, (255, 0, 0))[-1]
    assert (last.model, last.seed) == ("lamp", 7)
    performer.send("/frames/lamp/level", 0.0)
    newer = frames_until(ring, (0, 0, 0))[-1]
    assert newer.params_version > last.params_version
    assert 0 <= newer.age() < PATIENCE


def test_a_model_that_cannot_start_is_replaced_by_the_one_that_always_can(tmp_path: Path) -> None:
    file = tmp_path / "show.toml"
    file.write_text('[parameters]\n"/frames/model" = "broken"\n')
    with serving("--no-midi", "--config", str(file), stage=True) as stage:
        wait_for_frame(stage, (128, 0, 0))
        assert stage.performer.ask("/frames/model") == ["lamp"]
