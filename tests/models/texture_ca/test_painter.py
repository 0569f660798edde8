"""What the painter promises: the same frames for the same input, notes that show, any size, and that it never fails."""

import numpy as np
import pytest

from models.contract import Moment, Sounding
from models.texture_ca.declaration import TEXTURES, TextureCa
from models.texture_ca.implementation import TextureCaPainter, load_weights

DEFAULTS = {name: param.default for name, param in TextureCa.params().items()}


def moment(frame: int, *notes: Sounding, beat: float = 2.0) -> Moment:
    return Moment(time=frame / 30, beat=beat, tempo=120.0, beats_per_bar=4, notes=notes)


def play(painter: TextureCaPainter, frames: int, *notes: Sounding, start: int = 0, **params) -> np.ndarray:
    """The last of ``frames`` frames; the notes begin at the first and are held."""
    for i in range(frames):
        aged = [Sounding(n.pitch, n.velocity, n.voice, i / 30, True) for n in notes]
        picture = painter.render(moment(start + i, *aged), DEFAULTS | params)
    return picture


def note(pitch: int, voice: str = "call") -> Sounding:
    return Sounding(pitch, 110, voice, 0.0, True)


def test_every_texture_has_its_weights():
    assert all(load_weights(texture)["sense"].dtype == np.float32 for texture in TEXTURES)


@pytest.mark.parametrize("size", [(64, 64), (96, 48), (33, 57), (320, 256)])
def test_paints_any_size(size):
    width, height = size
    picture = play(TextureCaPainter(width, height), 2)
    assert picture.shape == (height, width, 3) and picture.dtype == np.uint8
    assert picture.std() > 5


def test_the_same_texture_is_painted_with_fewer_pixels():
    painter = TextureCaPainter(64, 48)
    fine = play(painter, 3)
    painter.resize(32, 24)
    cells = painter.state.shape
    coarse = play(painter, 1, start=3, speed=0.0)
    assert coarse.shape == (24, 32, 3)
    assert painter.state.shape == cells
    alike = np.corrcoef(coarse.ravel(), fine.reshape(24, 2, 32, 2, 3).mean((1, 3)).ravel())[0, 1]
    assert alike > 0.8


def test_it_runs_on_as_many_threads_as_it_is_told_to():
    one, other = TextureCaPainter(64, 48), TextureCaPainter(64, 48)
    other.set_threads(2)
    assert np.abs(play(one, 3).astype(int) - play(other, 3)).max() <= 1


def test_too_small_a_size_is_refused():
    with pytest.raises(ValueError, match="at least 16 pixels, got 8×64"):
        TextureCaPainter(8, 64)


def test_an_unknown_texture_is_named():
    with pytest.raises(ValueError, match=r"one of .* got 'moss'"):
        play(TextureCaPainter(64, 64), 1, texture="moss")


def test_the_same_music_gives_the_same_frames_to_the_bit():
    first, second = (TextureCaPainter(64, 64) for _ in range(2))
    for i in range(12):
        notes = [Sounding(64, 100, "call", (i - 3) / 30, True)] if i >= 3 else []
        a, b = (p.render(moment(i, *notes), DEFAULTS) for p in (first, second))
        assert np.array_equal(a, b)


def test_another_seed_gives_another_picture():
    assert not np.array_equal(play(TextureCaPainter(64, 64), 2), play(TextureCaPainter(64, 64), 2, seed=5))


def test_it_moves_and_speed_zero_holds_it_still():
    painter = TextureCaPainter(64, 64)
    before = play(painter, 3)
    assert not np.array_equal(before, play(painter, 1, start=3))
    held = play(painter, 1, start=4, speed=0.0)
    assert np.array_equal(held, play(painter, 2, start=5, speed=0.0))


def difference(*notes: Sounding, frames: int = 4, **params) -> np.ndarray:
    """Mean change [96, 96] that notes make to the same picture."""
    pictures = []
    for sounding in ((), notes):
        painter = TextureCaPainter(96, 96)
        play(painter, 2)
        pictures.append(play(painter, frames, *sounding, start=2, **params).astype(int))
    return np.abs(pictures[1] - pictures[0]).mean(-1)


def test_a_note_changes_the_picture_at_its_place():
    low, high = difference(note(44)), difference(note(88))
    assert low[:, :48].mean() > 3 * low[:, 48:].mean()
    assert high[:, 48:].mean() > 3 * high[:, :48].mean()


def test_call_and_answer_show_on_different_sides():
    call, answer = difference(note(66)), difference(note(66, "answer"))
    assert call[48:].mean() > 1.5 * call[:48].mean()
    assert answer[:48].mean() > 1.5 * answer[48:].mean()


def test_without_reaction_notes_do_nothing():
    assert difference(note(60), reaction=0.0).max() == 0


def test_the_edges_wrap():
    """A state shifted round the torus makes the same picture, shifted."""
    painter, shifted = TextureCaPainter(64, 64), TextureCaPainter(64, 64)
    for p in (painter, shifted):
        play(p, 1, zoom=1.0)
    shifted.state = np.roll(painter.state, (20, 40), (2, 3))
    still = {"drift": 0.0, "zoom": 1.0}
    a, b = play(painter, 3, start=1, **still), play(shifted, 3, start=1, **still)
    assert np.abs(np.roll(a, (20, 40), (0, 1)).astype(int) - b).max() <= 1


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e30])
def test_it_heals_from_poisoned_numbers(poison):
    painter = TextureCaPainter(64, 64)
    play(painter, 1)
    painter.state[0, :, 10:20, 10:20] = poison
    picture = play(painter, 20, start=1)
    assert np.isfinite(painter.state).all() and picture.std() > 5


def test_a_dead_state_grows_anew():
    painter = TextureCaPainter(64, 64)
    play(painter, 1)
    painter.state[:] = np.nan
    picture = play(painter, 40, start=1)
    assert picture.std() > 5


@pytest.mark.parametrize(
    "params",
    [
        {"texture": TEXTURES[1]}, {"blend": 0.5}, {"blend": 1.0}, {"drift": 1.0},
        {"brightness": 0.5}, {"hue": 0.3}, {"zoom": 2.0}, {"saturation": 0.0}, {"speed": 2.5},
    ],
)  # fmt: skip
def test_each_parameter_takes_effect(params):
    plain, changed = (play(TextureCaPainter(64, 64), 4, **p) for p in ({}, params))
    assert np.abs(plain.astype(int) - changed).mean() > 0.2


def test_the_beat_pulses_the_light():
    painter = TextureCaPainter(64, 64)
    play(painter, 1)
    on, off = (
        painter.render(moment(1, beat=beat), DEFAULTS | {"speed": 0.0, "pulse": 1.0}).mean() for beat in (4.0, 4.9)
    )
    assert on > 1.05 * off


def test_strong_currents_and_many_notes_leave_the_state_healthy():
    painter = TextureCaPainter(64, 64)
    for i in range(150):
        notes = [Sounding(40 + 7 * k, 127, "call" if k % 2 else "answer", (i % 20) / 30, True) for k in range(8)]
        picture = painter.render(moment(i, *notes), DEFAULTS | {"drift": 1.0, "reaction": 1.0, "zoom": 1.0})
    assert np.abs(painter.state).max() < 2.9 and picture.std() > 5


def test_what_is_painted_grows_there_and_stays_until_it_is_erased():
    plain, painted = (TextureCaPainter(96, 64) for _ in range(2))
    play(plain, 2)
    play(painted, 2)
    painted.act("paint", {"x": 0.25, "y": 0.5, "radius": 0.3, "amount": 1.0})
    before, after = play(plain, 40, start=2), play(painted, 40, start=2)
    changed = (before.astype(int) - after).__abs__().mean(2)
    assert changed[24:40, 16:32].mean() > 20 > 5 > changed[:, 60:84].mean()
    painted.act("erase", {"x": 0.25, "y": 0.5, "radius": 0.5})
    assert painted._painted.max() == 0
    assert np.abs(play(painted, 1, start=42).astype(int) - after)[24:40, 16:32].mean() > 20


def test_stirring_moves_the_cells_there_and_ends():
    still, stirred = (TextureCaPainter(96, 96) for _ in range(2))
    for painter in (still, stirred):
        play(painter, 2, drift=0.0)
    stirred.act("stir", {"x": 0.5, "y": 0.5, "radius": 0.2, "turn": -1.0})
    moved = np.abs(play(still, 10, start=2, drift=0.0).astype(int) - play(stirred, 10, start=2, drift=0.0)).mean(2)
    assert moved[32:64, 32:64].mean() > 1.5 * moved[:8].mean()
    play(stirred, 90, start=12)
    assert not stirred._stirred


def test_an_unknown_action_is_named():
    with pytest.raises(ValueError, match="paint, erase or stir, got 'burn'"):
        TextureCaPainter(64, 64).act("burn", {"x": 0.5, "y": 0.5, "radius": 0.1})
