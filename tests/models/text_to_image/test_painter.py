"""What the painter promises with the weights that are shipped."""

import numpy as np
import pytest

from models.contract import Moment, Sounding
from models.text_to_image.declaration import TextToImage
from models.text_to_image.implementation import TextToImagePainter, placing

DEFAULTS = {name: param.default for name, param in TextToImage.params().items()}
STILL = {"morph": 0.0, "dance": 0.0}


def moment(beat: float = 0.0, *notes: Sounding) -> Moment:
    return Moment(time=beat / 2, beat=beat, tempo=120.0, beats_per_bar=4, notes=notes)


@pytest.fixture(scope="module")
def painter() -> TextToImagePainter:
    return TextToImagePainter(256, 256)


def frame(painter, prompt: str, *notes: Sounding, image=None, **params) -> np.ndarray:
    return painter.render(moment(0.0, *notes), DEFAULTS | STILL | {"prompt": prompt} | params, image=image)


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """But for rounding."""
    return int(np.abs(one.astype(int) - other).max()) <= 3


@pytest.mark.parametrize("size", [(64, 64), (256, 256), (320, 180), (90, 160)])
def test_paints_any_size(size):
    width, height = size
    picture = TextToImagePainter(width, height).render(moment(), DEFAULTS)
    assert picture.shape == (height, width, 3) and picture.dtype == np.uint8 and picture.std() > 5


def colour(picture: np.ndarray) -> np.ndarray:
    """The mean colour of the middle."""
    return picture[100:156, 100:156].mean((0, 1))


def test_paints_what_is_asked_for(painter):
    red, green, blue = colour(frame(painter, "red heart on white"))
    assert red > 180 and green < 110 and blue < 140
    red, green, blue = colour(frame(painter, "blue heart on white"))
    assert blue > 150 and red < 110
    assert frame(painter, "red heart on white")[:20].mean() > 200
    assert frame(painter, "red heart on black")[:20].mean() < 50


@pytest.mark.parametrize("prompt", ["", "in the", "zzzxq", "ein Tintenfisch über Köln 🐙", "word " * 300, "\0"])
def test_no_prompt_fails(painter, prompt):
    assert frame(painter, prompt).std() > 2


def test_an_unknown_word_looks_like_a_known_one(painter):
    near = frame(painter, "octopusses on white").astype(int) - frame(painter, "octopus on white")
    far = frame(painter, "rocket on white").astype(int) - frame(painter, "octopus on white")
    assert np.abs(near).mean() < 0.5 * np.abs(far).mean()


def test_the_same_gives_the_same_and_another_seed_another():
    first, second = (TextToImagePainter(128, 128) for _ in range(2))
    for beat in (0.0, 0.5, 1.0):
        a, b = (p.render(moment(beat), DEFAULTS) for p in (first, second))
        assert np.array_equal(a, b)
    other = TextToImagePainter(128, 128).render(moment(), DEFAULTS | {"seed": 7})
    assert not np.array_equal(other, TextToImagePainter(128, 128).render(moment(), DEFAULTS))


def test_notes_show(painter):
    quiet = frame(painter, "mountain snow", glow=0.0)
    low, high = (Sounding(pitch, 120, "call", 0.0, True) for pitch in (40, 92))
    for note, glow, least in ((low, 0.0, 0.2), (high, 0.0, 0.2), (low, 1.0, 2.0)):
        assert np.abs(frame(painter, "mountain snow", note, glow=glow).astype(int) - quiet).mean() > least
    assert alike(frame(painter, "mountain snow", low, glow=0.0, reaction=0.0), quiet)


def test_blending_goes_from_one_prompt_to_the_other(painter):
    first, second = frame(painter, "red heart on white"), frame(painter, "blue heart on black")
    ends = [frame(painter, "red heart on white", second_prompt="blue heart on black", blend=b) for b in (0.0, 0.5, 1.0)]
    assert alike(ends[0], first) and alike(ends[2], second)
    assert not alike(ends[1], first) and not alike(ends[1], second)


def test_the_pad_goes_between_four_prompts(painter):
    prompts = ("red heart on white", "blue heart on black", "octopus on black", "mountain snow")
    names = ("prompt", "second_prompt", "third_prompt", "fourth_prompt")
    said = dict(zip(names, prompts, strict=True)) | {"pad": True, "blend": 0.3}
    for prompt, (x, y) in zip(prompts, ((0, 1), (1, 1), (0, 0), (1, 0)), strict=True):
        assert alike(frame(painter, **(said | {"pad_x": float(x), "pad_y": float(y)})), frame(painter, prompt))
    middle = frame(painter, **said)
    assert not any(alike(middle, frame(painter, prompt)) for prompt in prompts)


def test_a_new_prompt_takes_its_beats_to_come():
    painter = TextToImagePainter(128, 128)
    params = DEFAULTS | {"morph": 2.0, "dance": 0.0, "speed": 0.0, "glow": 0.0}
    before = painter.render(moment(0.0), params | {"prompt": "red heart on white"})
    begun = painter.render(moment(1.0), params | {"prompt": "octopus on black"})
    assert np.array_equal(before, begun)
    arrived = painter.render(moment(3.0), params | {"prompt": "octopus on black"})
    fresh = TextToImagePainter(128, 128).render(moment(3.0), params | {"prompt": "octopus on black"})
    assert np.array_equal(arrived, fresh) and not np.array_equal(before, arrived)


def test_a_picture_lies_behind(painter):
    green = np.zeros((120, 200, 3), np.uint8)
    green[..., 1] = 200
    picture = frame(painter, "red heart on black", image=green, strength=0.1)
    assert picture[:20, :20, 1].mean() > 120 > picture[:20, :20, 0].mean()
    assert colour(picture)[0] > 130
    forgotten = frame(painter, "red heart on black", image=green, strength=1.0)
    assert alike(forgotten, frame(painter, "red heart on black"))


def test_two_steps_paint_much_the_same(painter):
    one, two = (frame(painter, "octopus on white", steps=n).astype(int) for n in (1, 2))
    assert 0 < np.abs(one - two).mean() < 20


def test_the_subject_hops_and_leans_to_the_notes():
    rest = placing(moment(0.0), 1.0, 1.0, 1.0, 64, 64)
    assert np.allclose(rest[0, :, :, 0].mean(), 0, atol=1e-5)
    middle = placing(moment(0.5), 1.0, 0.7, 1.0, 64, 64)[0, 32, 32]
    assert middle[1] > 0.05, "in the air it lies higher: the middle shows what is lower in its layer"
    right = placing(moment(0.0, Sounding(96, 127, "call", 0.0, True)), 1.0, 1.0, 1.0, 64, 64)[0, 32, 32]
    assert right[0] < -0.1
    wide = placing(moment(0.0), 1.0, 0.0, 1.0, 64, 112)
    assert wide[..., 0].max() == pytest.approx(1.75, abs=0.02)
