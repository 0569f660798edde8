"""What the painter promises: frames that follow the music and the parameters, the same for the same."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch

from models.contract import Moment, Sounding
from models.diffusion.declaration import Diffusion
from models.diffusion.implementation import DiffusionPainter
from models.diffusion.loading import Loaded

DEFAULTS = {name: param.default for name, param in Diffusion.params().items()}


def moment(frame: int, *notes: Sounding) -> Moment:
    return Moment(time=frame / 30, beat=frame / 15, tempo=120.0, beats_per_bar=4, notes=notes)


def note(pitch: int = 60, voice: str = "call") -> Sounding:
    return Sounding(pitch, 100, voice, 0.0, True)


@pytest.fixture
def painter(tiny):
    return lambda width=64, height=48, kind="sd": DiffusionPainter.of(Loaded(tiny(kind=kind), kind), width, height)


def play(painter: DiffusionPainter, frames: int, *notes: Sounding, start: int = 0, image=None, **params) -> np.ndarray:
    for i in range(start, start + frames):
        frame = painter.render(moment(i, *notes), DEFAULTS | params, image)
    return frame


def apart(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(int) - second).mean())


@pytest.mark.parametrize("size", [(64, 48), (48, 80), (57, 33)])
def test_paints_any_size(painter, size):
    frame = play(painter(*size), 2)
    assert frame.shape == (size[1], size[0], 3) and frame.dtype == np.uint8 and frame.flags.c_contiguous


@pytest.mark.parametrize("kind", ["sd", "lcm", "sdxl"])
@pytest.mark.parametrize("steps", [1, 8])
def test_paints_with_each_family_and_number_of_steps(painter, kind, steps):
    assert play(painter(kind=kind), 2, steps=steps, guidance=1.5, guidance_mode="full").std() > 1


def test_the_same_music_gives_the_same_frames_to_the_bit(painter):
    first, second = painter(), painter()
    for i in range(5):
        notes = [note()] if i > 2 else []
        frames = [one.render(moment(i, *notes), DEFAULTS | {"noise": "fresh"}) for one in (first, second)]
        assert np.array_equal(*frames)


def test_the_beat_walks_and_speed_zero_stands_still(painter):
    one = painter()
    assert apart(play(one, 3), play(one, 2, start=3)) > 0
    held = play(one, 2, start=5, speed=0.0)
    assert np.array_equal(held, play(one, 3, start=7, speed=0.0))


def test_the_walk_comes_back_after_its_beats(painter):
    one = painter()
    still = {"walk": 2.0, "reaction": 0.0}
    first = play(one, 5, **still)
    assert apart(first, play(one, 15, start=5, **still)) > 1
    assert apart(first, play(one, 15, start=20, **still)) <= 1


def test_a_note_changes_the_picture_unless_there_is_no_reaction(painter):
    frames = [play(painter(), 3, *notes, speed=0.0) for notes in ((), (note(),), (note(40),))]
    assert apart(frames[0], frames[1]) > 0.2 and apart(frames[1], frames[2]) > 0.2
    assert np.array_equal(frames[0], play(painter(), 3, note(), speed=0.0, reaction=0.0))


def test_a_new_prompt_morphs_over_beats(painter, tiny):
    one = painter()
    told = [
        one._told(moment(i), DEFAULTS | {"prompt": text, "morph": 1.0})[0].embeds
        for i, text in enumerate("a" + "b" * 17)
    ]
    prompts = one._prompts
    torch.testing.assert_close(told[1], prompts.encode("a").embeds)
    torch.testing.assert_close(told[-1], prompts.encode("b").embeds)
    steps = [float((now - before).abs().mean()) for before, now in pairwise(told)]
    assert max(steps) < 0.2 * float((told[-1] - told[0]).abs().mean())


def test_prompts_blend(painter):
    ends = [play(painter(), 2, prompt=text, speed=0.0) for text in ("a", "b")]
    full = play(painter(), 2, prompt="a", second_prompt="b", blend=1.0, speed=0.0)
    assert np.array_equal(full, ends[1])
    half = play(painter(), 2, prompt="a", second_prompt="b", blend=0.5, speed=0.0)
    assert not np.array_equal(half, ends[0]) and not np.array_equal(half, ends[1])


@pytest.mark.parametrize(
    "params",
    [
        {"seed": 3}, {"noise": "fresh"}, {"noise": "off"}, {"steps": 3},
        {"guidance": 3.0}, {"guidance": 3.0, "guidance_mode": "full", "negative_prompt": "x"}
    ],
)  # fmt: skip
def test_each_parameter_takes_effect(painter, params):
    plain, changed = (play(painter(), 4, **given) for given in ({}, params))
    assert not np.array_equal(plain, changed)


def test_image_to_image_keeps_to_the_picture_as_strength_says(painter):
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (96, 64, 3), dtype=np.uint8) for _ in range(2)]

    def difference(strength: float) -> float:
        return apart(*(play(painter(), 3, image=image, strength=strength, steps=1, speed=0.0) for image in images))

    assert difference(0.1) > difference(1.0)


def test_strength_and_steps_change_while_it_runs(painter):
    one = painter()
    image = np.zeros((48, 64, 3), np.uint8)
    for i, (steps, strength) in enumerate([(4, 0.5), (8, 0.05), (1, 1.0), (3, 0.1), (8, 0.9)]):
        assert play(one, 1, start=i, image=image, steps=steps, strength=strength).shape == (48, 64, 3)


def test_input_that_stays_is_left_out(painter, monkeypatch):
    one = painter()
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    calls = []
    step = one._stream.step
    monkeypatch.setattr(one._stream, "step", lambda *args: (calls.append(1), step(*args))[1])
    play(one, 12, image=image, similarity=0.9, steps=1)
    assert len(calls) == 2  # the first, and one forced after ten
    calls.clear()
    play(one, 3, start=12, image=image, similarity=1.0, steps=1)
    assert len(calls) == 3


def test_it_is_loaded_by_its_declaration(tiny, tmp_path):
    tiny().save_pretrained(tmp_path, safe_serialization=True)
    painter = Diffusion.load(64, 48, {"checkpoint": str(tmp_path)})
    assert painter.render(moment(0), DEFAULTS).shape == (48, 64, 3)


def test_without_a_checkpoint_it_says_so():
    with pytest.raises(ValueError, match="checkpoint must name a diffusers folder"):
        Diffusion.load(64, 48)
