"""The similarity filter: how often it leaves frames out, and that it never does for long."""

import numpy as np
import pytest

from models.diffusion.filter import SimilarityFilter


def picture(change: float = 0.0) -> np.ndarray:
    """Noise; ``change`` is how much of it is other noise."""
    random = np.random.default_rng(0)
    first, second = (random.normal(0, 40, (96, 128, 3)) for _ in range(2))
    return np.clip(128 + np.sqrt(1 - change**2) * first + change * second, 0, 255).astype(np.uint8)


def test_the_same_picture_is_left_out_but_for_a_forced_frame_after_the_longest():
    judge = SimilarityFilter(0.9, longest=4)
    assert [judge.skips(picture()) for _ in range(11)] == [False, *([True] * 4), False, *([True] * 4), False]


def test_another_picture_is_never_left_out():
    judge = SimilarityFilter(0.9)
    pictures = [picture(), 255 - picture()]
    assert not any(judge.skips(pictures[i % 2]) for i in range(50))


@pytest.mark.parametrize("change", [0.1, 0.2, 0.3, 0.4])
def test_frames_are_left_out_as_often_as_the_paper_says(change):
    grid = (slice(None, None, 2), slice(None, None, 2))  # compared on a coarse grid
    first, second = (p[grid].astype(float).ravel() / 127.5 - 1 for p in (picture(), picture(change)))
    cosine = first @ second / np.linalg.norm(first) / np.linalg.norm(second)
    wanted = max(0.0, 1 - (1 - cosine) / (1 - 0.93))
    skipped = 0
    for seed in range(400):
        judge = SimilarityFilter(0.93, seed=seed)
        judge.skips(picture())
        skipped += judge.skips(picture(change))
    assert skipped / 400 == pytest.approx(wanted, abs=0.08)


def test_the_reference_is_the_last_picture_that_was_made():
    """A slow drift is not skipped for ever: the reference stays until a frame is made."""
    judge = SimilarityFilter(0.9, longest=1000)
    made = [not judge.skips(picture(change)) for change in np.linspace(0, 0.9, 60)]
    assert made[0] and 2 <= sum(made) < 60


def test_dark_grey_and_resized_pictures():
    judge = SimilarityFilter(0.9)
    grey = np.full((48, 64, 3), 128, np.uint8)
    assert [judge.skips(grey), judge.skips(grey), judge.skips(np.zeros((10, 10, 3), np.uint8))] == [False, True, False]


@pytest.mark.parametrize(("options", "words"), [({"threshold": 1.0}, "got 1.0"), ({"longest": 0}, "got 0")])
def test_what_cannot_be_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        SimilarityFilter(**options)
