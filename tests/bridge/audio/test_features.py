"""What is heard of sound: how loud, in which band, and when something begins."""

import numpy as np
import pytest

from bridge.audio.features import BANDS, BLOCK, Features

RATE = 48_000


def sine(hertz: float, blocks: int, amplitude: float = 1.0) -> np.ndarray:
    time = np.arange(blocks * BLOCK) / RATE
    return (amplitude * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def follow(sound: np.ndarray) -> list[dict[str, float]]:
    features = Features(RATE)
    return [features.follow(block) for block in sound.reshape(-1, BLOCK)]


@pytest.mark.parametrize(("band", "hertz"), [("low", 100.0), ("mid", 800.0), ("high", 5000.0)])
def test_a_tone_is_in_its_band(band: str, hertz: float) -> None:
    last = follow(sine(hertz, 6))[-1]
    assert last[band] > 0.95 and last["loudness"] == pytest.approx(1.0, abs=0.02)
    assert all(last[other] < 0.6 for other in BANDS if other != band)


def test_loudness_is_in_decibels() -> None:
    assert follow(sine(800, 4, 0.1))[-1]["loudness"] == pytest.approx(2 / 3, abs=0.02)


def test_silence_and_nonsense_are_nothing() -> None:
    assert set(follow(np.zeros(4 * BLOCK, np.float32))[-1].values()) == {0.0}
    assert set(follow(np.full(4 * BLOCK, np.nan, np.float32))[-1].values()) == {0.0}


def test_onsets_are_where_notes_begin() -> None:
    sound = np.zeros(96 * BLOCK, np.float32)
    for start in (10, 40, 70):
        sound[start * BLOCK : (start + 10) * BLOCK] += sine(440 + 20 * start, 10, 0.5)
    onsets = [number for number, features in enumerate(follow(sound)) if features["onset"] == 1.0]
    assert onsets == [10, 40, 70]
