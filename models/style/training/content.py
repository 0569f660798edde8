"""Pictures to practise on, drawn by formula, so that nobody has rights in them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.texture_ca.training.targets import TARGETS, draw

SIZE = 256


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """[count, 256, 256, 3]: skies and hills, things before grounds, textures; light and dark, smooth and rough."""
    rng = np.random.default_rng(seed)
    kinds = (_landscape, _things, _texture, _things)
    return np.stack([kinds[number % len(kinds)](rng) for number in range(count)])


def _smooth(rng: np.random.Generator, size: float) -> NDArray[np.float32]:
    """Smooth noise [256, 256] from 0 to 1 with features of about ``size`` pixels."""
    small = rng.random((max(2, round(SIZE / size)),) * 2).astype(np.float32)
    image = Image.fromarray(small, "F").resize((SIZE, SIZE), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(image), 0, 1)


def _ground(rng: np.random.Generator) -> NDArray[np.float32]:
    """A soft gradient between two colours, grained a little."""
    one, other = rng.random((2, 3))
    share = _smooth(rng, rng.uniform(60, 250))[..., None]
    grain = rng.normal(0, rng.uniform(0, 0.05), (SIZE, SIZE, 1))
    return np.clip(one * share + other * (1 - share) + grain, 0, 1).astype(np.float32)


def _landscape(rng: np.random.Generator) -> NDArray[np.uint8]:
    picture = _ground(rng)
    rows = np.arange(SIZE)[:, None]
    height = rng.uniform(90, 150)
    for _ in range(int(rng.integers(2, 5))):
        ridge = height + 70 * (_smooth(rng, rng.uniform(20, 90))[0] - 0.5)
        shade = rng.random(3) * (0.5 + 0.5 * _smooth(rng, 12)[..., None])
        below = rows > ridge[None]
        picture[below] = shade[below]
        height += rng.uniform(20, 50)
    return (255 * picture).astype(np.uint8)


def _things(rng: np.random.Generator) -> NDArray[np.uint8]:
    image = Image.fromarray((255 * _ground(rng)).astype(np.uint8))
    brush = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(3, 9))):
        colour = tuple(int(value) for value in rng.integers(0, 256, 3))
        x, y = rng.uniform(0, SIZE, 2)
        reach = rng.uniform(12, 80)
        match int(rng.integers(3)):
            case 0:
                brush.ellipse((x - reach, y - reach * rng.uniform(0.4, 1), x + reach, y + reach * 0.7), fill=colour)
            case 1:
                corners = [(x + reach * np.cos(a), y + reach * np.sin(a)) for a in np.sort(rng.uniform(0, 6.28, 5))]
                brush.polygon(corners, fill=colour)
            case _:
                brush.line((x, y, *rng.uniform(0, SIZE, 2)), fill=colour, width=int(rng.integers(2, 14)))
    return np.asarray(image)


def _texture(rng: np.random.Generator) -> NDArray[np.uint8]:
    name = sorted(TARGETS)[int(rng.integers(len(TARGETS)))]
    return (255 * draw(name)).astype(np.uint8)
