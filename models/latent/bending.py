"""Network bending (after Broad, Leymarie and Grierson, 2021): what ``models.stylegan.bending`` does, in numpy."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


def bent(x: Array, kind: str, amount: float, share: float = 1.0) -> Array:
    """Features [1, C, H, W] of which the first ``share`` are bent; an amount of 0 leaves all as they are.

    ``scale`` by 1 + amount; ``rotate`` by amount quarter turns, clockwise; ``threshold`` leaves out what is nearer to 0
    than amount deviations, below 0 what is further; ``shift`` to the right by amount widths, coming in again at the
    left. Raises ValueError for another kind.
    """
    count = round(share * x.shape[1])
    if amount == 0 or count == 0 or kind == "none":
        return x
    some = x[:, :count]
    if kind == "scale":
        some = some * np.float32(1 + amount)
    elif kind == "rotate":
        some = _rotated(some, amount * math.pi / 2)
    elif kind == "threshold":
        far = np.abs(some) >= abs(amount) * some.std(ddof=1)
        some = some * (far if amount > 0 else ~far)
    elif kind == "shift":
        some = np.roll(some, round(amount * x.shape[3]), 3)
    else:
        raise ValueError(f"bend must be scale, rotate, threshold or shift, got {kind!r}")
    return np.concatenate([some, x[:, count:]], 1)


def _rotated(x: Array, angle: float) -> Array:
    """Turned about the middle, drawn out with it where it is not square, mirrored at its edges."""
    rows, columns = x.shape[2:]
    cosine, sine = math.cos(angle), math.sin(angle)
    down, across = ((np.arange(n) + 0.5) * 2 / n - 1 for n in (rows, columns))
    left = cosine * across + sine * down[:, None]
    top = -sine * across + cosine * down[:, None]
    (y, first, last), (z, near, far) = _weighed(top, rows), _weighed(left, columns)
    upper = x[..., first, near] * (1 - z) + x[..., first, far] * z
    lower = x[..., last, near] * (1 - z) + x[..., last, far] * z
    return np.asarray(upper * (1 - y) + lower * y, np.float32)


def _weighed(at: NDArray[np.float64], points: int) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """Where ``at``, -1..1 along a line of points, lies between two of them: the share of the second, and which two."""
    at = ((at + 1) * points / 2) % (2 * points)
    place = np.clip(np.minimum(at, 2 * points - at) - 0.5, 0, points - 1)
    first = np.floor(place).astype(np.int64)
    return (place - first).astype(np.float32), first, np.minimum(first + 1, points - 1)
