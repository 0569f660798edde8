"""The pictures the shipped automata learnt from: drawn by formula here, so nobody else's terms apply.

Every target is a periodic RGB picture, float32 [size, size, 3] in 0–1, saturated on a dark ground since it is meant
for a projector, and always the same: each has its own fixed random seed.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial import cKDTree

Array = NDArray[np.float32]
SIZE = 256
_DRAWN = 512  # drawn at twice the size and averaged down, against jagged edges


def _band_noise(rng: np.random.Generator, wavelength: float, width: float = 0.35) -> Array:
    """Periodic noise [512, 512] around one wavelength (in drawn pixels), mean 0, deviation 1."""
    frequency = np.hypot(np.fft.fftfreq(_DRAWN)[:, None], np.fft.fftfreq(_DRAWN)[None, :]) * wavelength
    spectrum = np.exp(-(((frequency - 1) / width) ** 2))
    noise = np.fft.ifft2(np.fft.fft2(rng.standard_normal((_DRAWN, _DRAWN))) * spectrum).real
    return (noise / noise.std()).astype(np.float32)


def _smooth_noise(rng: np.random.Generator, wavelength: float) -> Array:
    noise = gaussian_filter(rng.standard_normal((_DRAWN, _DRAWN)), wavelength / 4, mode="wrap")
    return (noise / noise.std()).astype(np.float32)


def _ramp(value: NDArray, *stops: tuple[float, str]) -> Array:
    """Colours [..., 3] along a ramp of (position, "rrggbb") stops."""
    positions = [position for position, _ in stops]
    colours = np.array([[int(name[i : i + 2], 16) / 255 for i in (0, 2, 4)] for _, name in stops])
    return np.stack([np.interp(value, positions, colours[:, c]) for c in range(3)], -1).astype(np.float32)


def _lit(height: NDArray, depth: float, sharpness: float = 24.0) -> tuple[Array, Array]:
    """Diffuse and specular light [512, 512] on a relief lit from the upper left."""
    dy = (np.roll(height, -1, 0) - np.roll(height, 1, 0)) * depth
    dx = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) * depth
    normal = np.stack([-dx, -dy, np.ones_like(dx)], -1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    light = np.array([-0.5, -0.6, 0.62]) / np.linalg.norm([-0.5, -0.6, 0.62])
    half = light + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    return np.clip(normal @ light, 0, 1), np.clip(normal @ half, 0, 1) ** sharpness


def _labyrinth(rng: np.random.Generator, wavelength: float, steps: int = 40, bias: float = 0.0) -> Array:
    """Turing stripes [512, 512] in −1…1: noise pushed again and again through a band-pass and a soft threshold."""
    frequency = np.hypot(np.fft.fftfreq(_DRAWN)[:, None], np.fft.fftfreq(_DRAWN)[None, :]) * wavelength
    band = np.exp(-(((frequency - 1) / 0.28) ** 2))
    x = rng.standard_normal((_DRAWN, _DRAWN))
    for _ in range(steps):
        x = np.fft.ifft2(np.fft.fft2(x) * band).real
        x = np.tanh(2.2 * x / x.std() + bias)
    return gaussian_filter(x, 1.2, mode="wrap").astype(np.float32)


def _points(rng: np.random.Generator, count: int, rounds: int = 6) -> NDArray:
    """Evenly spread points [count, 2] in 0–512 (Lloyd's relaxation on the torus)."""
    points = rng.uniform(0, _DRAWN, (count, 2))
    grid = np.stack(np.meshgrid(np.arange(0, _DRAWN, 4), np.arange(0, _DRAWN, 4), indexing="ij"), -1).reshape(-1, 2)
    for _ in range(rounds):
        owner = cKDTree(points, boxsize=_DRAWN).query(grid)[1]
        offset = (grid - points[owner] + _DRAWN / 2) % _DRAWN - _DRAWN / 2
        for axis in range(2):
            mean = np.bincount(owner, offset[:, axis], count) / np.maximum(np.bincount(owner, minlength=count), 1)
            points[:, axis] = (points[:, axis] + mean) % _DRAWN
    return points


def _cells(rng: np.random.Generator, count: int, warp: float, warp_length: float) -> tuple[Array, Array, NDArray]:
    """Distances to the nearest point and to the border (drawn pixels), and the owner, on a warped grid."""
    y, x = np.mgrid[0:_DRAWN, 0:_DRAWN].astype(np.float64)
    y = (y + warp * _smooth_noise(rng, warp_length)) % _DRAWN
    x = (x + warp * _smooth_noise(rng, warp_length)) % _DRAWN
    tree = cKDTree(_points(rng, count), boxsize=_DRAWN)
    distance, owner = tree.query(np.stack([y, x], -1).reshape(-1, 2) % _DRAWN, k=2)
    shape = (_DRAWN, _DRAWN)
    near = distance[:, 0].reshape(shape).astype(np.float32)
    return near, (distance[:, 1] - distance[:, 0]).reshape(shape).astype(np.float32), owner[:, 0].reshape(shape)


def coral() -> Array:
    """Lit, branching ridges from orange to magenta over a deep blue ground with teal grain."""
    rng = np.random.default_rng(11)
    ridge = _labyrinth(rng, 46)
    grain = _band_noise(rng, 9)
    height = np.clip(ridge * 0.5 + 0.5, 0, 1) ** 0.8 + 0.035 * grain * (ridge > 0)
    diffuse, specular = _lit(gaussian_filter(height, 1, mode="wrap"), 11, 30)
    hue = _smooth_noise(rng, 170) * 0.28 + 0.5
    top = _ramp(hue, (0, "ff7a1a"), (0.45, "ff2e63"), (1, "c319ff"))
    ground = _ramp(grain, (0.6, "060a2e"), (2.2, "0b6d8f"), (3, "35e0d0"))
    mask = np.clip((ridge + 0.25) * 2.2, 0, 1)[..., None]
    lit = top * (0.16 + 0.95 * diffuse[..., None]) + 0.55 * specular[..., None]
    return ground * (1 - mask) * (0.5 + 0.5 * diffuse[..., None]) + lit * mask


def embers() -> Array:
    """Dark cracked plates with violet sheen, the cracks glowing from red to pale yellow."""
    rng = np.random.default_rng(12)
    _, border, owner = _cells(rng, 150, 9, 60)
    shade = rng.uniform(0, 1, 150)[owner]
    relief = np.minimum(border / 18, 1) + 0.06 * _band_noise(rng, 10) + 0.1 * _band_noise(rng, 24)
    diffuse, specular = _lit(gaussian_filter(relief, 1.2, mode="wrap"), 7, 16)
    plate = _ramp(shade, (0, "120a1f"), (0.6, "2b1140"), (1, "40205e")) * (0.3 + diffuse[..., None] * 1.1)
    plate = plate + _ramp(shade, (0, "5a2bd8"), (1, "c02be0")) * specular[..., None] * 0.35
    heat = np.exp(-border / 4.2) * 1.05 + 0.30 * np.exp(-border / 13) + 0.05 * _smooth_noise(rng, 80)
    glow = _ramp(heat, (0.02, "000000"), (0.25, "8a0f06"), (0.55, "ff4a05"), (0.85, "ffb31a"), (1.15, "fff2b0"))
    return plate * np.clip(1 - heat, 0.05, 1)[..., None] + glow


def scales() -> Array:
    """Overlapping iridescent scales, green to blue to violet with golden rims."""
    rng = np.random.default_rng(13)
    pitch_x, pitch_y, radius = 512 / 12, 512 / 24, 512 / 24 * 1.34
    y, x = np.mgrid[0:_DRAWN, 0:_DRAWN].astype(np.float64)
    y, x = y + 2.5 * _smooth_noise(rng, 120), x + 2.5 * _smooth_noise(rng, 120)
    hue = _smooth_noise(rng, 200)
    picture = np.zeros((_DRAWN, _DRAWN, 3), np.float32)
    done = np.zeros((_DRAWN, _DRAWN), bool)
    for row in range(-3, 28):  # upper rows lie on the lower ones
        centre_y = row * pitch_y
        shift = (row % 2) * pitch_x / 2
        local_x = (x - shift + pitch_x / 2) % pitch_x - pitch_x / 2
        local_y = y - centre_y
        distance = np.hypot(local_x, local_y) / radius
        inside = (distance < 1) & ~done & (local_y > -pitch_y)
        depth = np.clip(local_y / radius, 0, 1)
        rays = 0.5 + 0.5 * np.cos(np.arctan2(local_x, local_y + radius * 0.9) * 34)
        colour = _ramp(
            hue * 0.22 + 0.35 + 0.3 * depth,
            (0, "0b7a4b"),
            (0.3, "12c9a0"),
            (0.5, "1a8cff"),
            (0.75, "5b2bff"),
            (1, "d01fe0"),
        )
        shade = np.clip(0.12 + 1.05 * depth**1.3, 0, 1) * (0.72 + 0.28 * rays)
        colour = colour * shade[..., None]
        rim = np.exp(-(((distance - 0.93) / 0.05) ** 2))[..., None]
        colour = colour * (1 - 0.85 * rim) + np.array([1.0, 0.78, 0.25]) * rim * (0.25 + 0.8 * depth[..., None])
        picture[inside] = colour[inside]
        done |= inside
    return picture


def ink() -> Array:
    """Marbled ink: thin folded bands of vermilion, gold, cream and cobalt on black."""
    rng = np.random.default_rng(14)
    y, x = np.mgrid[0:_DRAWN, 0:_DRAWN].astype(np.float64) / _DRAWN
    phase = 0.75 * _smooth_noise(rng, 240) + 0.30 * _smooth_noise(rng, 120) + 0.07 * _smooth_noise(rng, 50)
    bands = (7 * (phase + x + y)) % 1.0
    bands = gaussian_filter(bands, 0.7, mode="wrap")
    colour = _ramp(
        bands,
        (0.0, "05060f"),
        (0.16, "070b2c"),
        (0.22, "1238d6"),
        (0.34, "18a0ff"),
        (0.38, "05060f"),
        (0.50, "0a0510"),
        (0.54, "d4140c"),
        (0.68, "ff5a12"),
        (0.72, "ffd35a"),
        (0.78, "fff0c8"),
        (0.82, "30060c"),
        (1.0, "05060f"),
    )
    return colour * (0.9 + 0.1 * _band_noise(rng, 8)[..., None] * 0.6)


def cells() -> Array:
    """Living tissue: glowing turquoise membranes, dark plasma, rose nuclei with bright cores."""
    rng = np.random.default_rng(15)
    near, border, owner = _cells(rng, 190, 5, 70)
    shade = rng.uniform(0, 1, 190)[owner]
    grain = _band_noise(rng, 8)
    plasma = _ramp(shade + 0.12 * grain, (0, "03102b"), (0.5, "0a1f5c"), (1, "2a0f6b")) * (0.6 + near[..., None] / 34)
    wall = np.exp(-((border / 5.0) ** 2)) + 0.28 * np.exp(-border / 9)
    membrane = _ramp(wall, (0, "000000"), (0.45, "0a6f8f"), (0.85, "1ce8d0"), (1.2, "d8fff4"))
    nucleus = 1 / (1 + np.exp((near - 9.5) / 0.9))
    core = np.exp(-((near / 4.0) ** 2))
    rose = _ramp(shade, (0, "ff2a6d"), (0.6, "ff5e3a"), (1, "ff9f1c"))
    return plasma * (1 - nucleus[..., None]) + membrane + rose * nucleus[..., None] + core[..., None] * [0.5, 0.6, 0.4]


def weave() -> Array:
    """A basket weave of silk: gold over crimson over peacock blue, each thread lit and twisted."""
    rng = np.random.default_rng(16)
    y, x = np.mgrid[0:_DRAWN, 0:_DRAWN].astype(np.float64)
    y, x = y + 1.2 * _smooth_noise(rng, 90), x + 1.2 * _smooth_noise(rng, 90)
    pitch = 512 / 20
    u, v = x / pitch, y / pitch
    column, row = np.floor(u).astype(int), np.floor(v).astype(int)
    over = (column + row) % 2 == 0
    along = np.where(over, v, u) % 1 - 0.5
    across = np.where(over, u, v) % 1 - 0.5
    round_ = np.sqrt(np.clip(1 - (across / 0.47) ** 2, 0, 1))
    bow = np.cos(along * np.pi) ** 0.7
    strand = 0.72 + 0.28 * np.cos(2 * np.pi * (across * 3.0 + along * 1.2))
    warp_colour = _ramp(_smooth_noise(rng, 220) * 0.3 + 0.5, (0, "ff9a0a"), (1, "ffd84a"))
    weft_colour = _ramp((row % 4 < 2) * 1.0 + 0.0 * u, (0, "0fb5c9"), (1, "d3124e"))
    colour = np.where(over[..., None], warp_colour, weft_colour)
    shine = np.clip(bow * round_, 0, 1) ** 6
    return colour * (round_ * bow * strand)[..., None] * 0.95 + 0.35 * shine[..., None]


TARGETS: dict[str, Callable[[], Array]] = {f.__name__: f for f in (coral, embers, scales, ink, cells, weave)}


def draw(name: str) -> Array:
    """The named target, float32 [256, 256, 3] in 0–1."""
    large = np.clip(TARGETS[name](), 0, 1).astype(np.float32)
    return large.reshape(SIZE, 2, SIZE, 2, 3).mean((1, 3))
