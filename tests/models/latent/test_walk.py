"""How latents move with the music."""

import numpy as np
import pytest

from models.contract import Moment, Sounding
from models.latent import walk


def at(beat: float) -> Moment:
    return Moment(time=beat / 2, beat=beat, tempo=120.0, beats_per_bar=4, notes=())


def note(pitch: int, voice: str = "call", age: float = 0.0) -> Sounding:
    return Sounding(pitch, 110, voice, age, True)


def test_a_whole_turn_comes_back():
    shape = (24, 16, 16)
    assert np.allclose(walk.circle(shape, 3, 0.0), walk.circle(shape, 3, 1.0), atol=1e-5)
    assert not np.allclose(walk.circle(shape, 3, 0.0), walk.circle(shape, 3, 0.5))
    assert walk.circle(shape, 3, 0.3).std() == pytest.approx(1, abs=0.05)


def test_notes_push_and_keep_the_variance():
    noise = walk.circle((24, 16, 16), 0, 0.0)
    pushed = walk.pushed(noise, 0, [note(60), note(64), note(67, "answer")], 1.0)
    assert not np.allclose(pushed, noise) and pushed.std() == pytest.approx(noise.std(), abs=0.05)
    assert np.array_equal(walk.pushed(noise, 0, [note(60)], 0.0), noise)
    assert np.allclose(walk.pushed(noise, 0, [Sounding(60, 110, "call", 9.0, False)], 1.0), noise)


def test_light_lies_where_the_note_is():
    light = walk.lights([note(36), note(96, "answer")], 16, 28, 1.0)
    assert light[:, :14].max() == light[10:, :5].max() and light[:, 14:].max() == light[:6, 23:].max()


def test_speed_changes_where_it_goes_and_not_where_it_is():
    turns = walk.Turns()
    turns.follow(at(0), 1, 16)
    assert turns.follow(at(1), 1, 16) == pytest.approx(1 / 16)
    assert turns.follow(at(2), 4, 16) == pytest.approx(5 / 16)
    assert turns.follow(at(100), 4, 16) == pytest.approx(5 / 16), "the beat was moved"
    assert turns.follow(at(100.5), 0, 16) == pytest.approx(5 / 16)


def test_easing_arrives_after_its_beats_from_wherever_it_stood():
    ease, zero, one = walk.Ease(), np.zeros(2, np.float32), np.ones(2, np.float32)
    assert np.array_equal(ease.towards("a", zero, 0, 4), zero)
    assert np.array_equal(ease.towards("b", one, 1, 4), zero)
    half = ease.towards("b", one, 3, 4)
    assert np.allclose(half, 0.5)
    assert np.allclose(ease.towards("a", zero, 3, 4), 0.5), "another way begins where it stood"
    assert np.array_equal(ease.towards("a", zero, 7, 4), zero)
    assert np.array_equal(ease.towards("b", one, 7, 0), one)
