"""The way from pictures to latents: fixed and linear, so that nothing here is trained; numpy only.

A picture of 256×256 is averaged to 64×64, taken apart into brightness and two colour differences (BT.601), and each
cell of 16×16 pixels becomes a column of :data:`CHANNELS` numbers: the 4×4 discrete cosine transform of its brightness
and the 2×2 one of each colour difference, lowest frequency first. Divided by how much each varies over pictures, all
have about unit variance. What is lost is detail finer than four pixels; the decoder invents it anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

SIZE = 256
"""Pixels of a picture's side."""
SMALL = 64
"""Points of a side that the latent can tell."""
GRID = 16
"""Columns and rows of a latent."""
CHANNELS = 24
"""16 of brightness, then 4 of each colour difference."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
TO_YCC: Array = np.stack([LUMA, (np.array([0, 0, 1]) - LUMA) / 1.772, (np.array([1, 0, 0]) - LUMA) / 1.402]).astype(
    np.float32
)
"""[3, 3]: from RGB in 0..1 to brightness in 0..1 and two differences in ±0.5."""

SPREAD: Array = np.array(
    [.95, .145, .058, .036, .16, .071, .038, .023, .068, .042, .029, .019, .043, .026, .020, .016,
     .31, .045, .050, .020, .31, .045, .050, .020], np.float32
)  # fmt: skip
"""What each channel is divided by: about its deviation over emoji, photographs of land and of nebulae."""
MIDDLE = 0.5
"""The brightness, and each cell's sum of it over its four rows and columns is four times this, that is latent 0."""


def cosines(points: int) -> Array:
    """The orthonormal discrete cosine transform [frequency, point]."""
    k, n = np.arange(points)[:, None], np.arange(points)[None, :]
    matrix = np.cos(np.pi * (n + 0.5) * k / points) * np.sqrt(2 / points)
    matrix[0] /= np.sqrt(2)
    return matrix.astype(np.float32)


def encoding() -> Array:
    """The whole linear map as a convolution of stride 4 over pictures of 64×64 RGB: [CHANNELS, 3, 4, 4]."""
    four, two = cosines(4), cosines(2)
    luma = np.einsum("au,bv->abuv", four, four).reshape(16, 4, 4)
    mean = np.kron(np.eye(2), np.full((1, 2), 0.5))  # [2, 4]: pairs averaged
    chroma = np.einsum("au,bv->abuv", two @ mean, two @ mean).reshape(4, 4, 4)
    parts = [np.einsum("c,kuv->kcuv", row, kernel) for row, kernel in zip(TO_YCC, (luma, chroma, chroma), strict=True)]
    return (np.concatenate(parts) / SPREAD[:, None, None, None]).astype(np.float32)


def decoding() -> Array:
    """Back again, as well as the latent allows: [CHANNELS, 3, 4, 4], for a transposed convolution of stride 4."""
    four, two = cosines(4), cosines(2)
    luma = np.einsum("au,bv->abuv", four, four).reshape(16, 4, 4)
    repeat = np.kron(np.eye(2), np.ones((1, 2)))
    chroma = np.einsum("au,bv->abuv", two @ repeat, two @ repeat).reshape(4, 4, 4)
    to_rgb = np.linalg.inv(TO_YCC)  # [rgb, ycc]
    parts = [np.einsum("c,kuv->kcuv", to_rgb[:, i], part) for i, part in enumerate((luma, chroma, chroma))]
    return (np.concatenate(parts) * SPREAD[:, None, None, None]).astype(np.float32)


def grey() -> Array:
    """[CHANNELS]: the encoding of the middle grey, which is taken away so that grey is latent 0."""
    return (MIDDLE * encoding().sum((1, 2, 3))).astype(np.float32)


_ENCODING, _GREY = encoding(), grey()


def encode_small(pictures: Array) -> Array:
    """Latents [N, CHANNELS, h/4, w/4] of small pictures [N, 3, h, w] in 0..1, h and w multiples of 4."""
    n, _, height, width = pictures.shape
    blocks = pictures.reshape(n, 3, height // 4, 4, width // 4, 4)
    latents = np.einsum("kcuv,ncyuxv->nkyx", _ENCODING, blocks, optimize=True) - _GREY[:, None, None]
    return np.asarray(latents, np.float32)


def encode(picture: NDArray[np.uint8]) -> Array:
    """The latent [CHANNELS, 16, 16] of a picture uint8 RGB [height, width, 3] of any size, from its middle square."""
    return encode_small(shrink(picture)[None])[0]


def shrink(picture: NDArray[np.uint8], rows: int = SMALL, columns: int = SMALL) -> Array:
    """The middle of a picture [height, width, 3], as much as the shape allows: [3, rows, columns] in 0..1."""
    height, width = picture.shape[:2]
    if height * columns > width * rows:
        top, left = (height - max(1, width * rows // columns)) // 2, 0
    else:
        top, left = 0, (width - max(1, height * columns // rows)) // 2
    middle = picture[top : height - top, left : width - left]
    skip = max(1, min(middle.shape[0] // (4 * rows), middle.shape[1] // (4 * columns)))
    middle = middle[skip // 2 :: skip, skip // 2 :: skip]  # of a large picture, some points are enough
    down, across = _averages(rows, middle.shape[0]), _averages(columns, middle.shape[1])
    lines = np.einsum("ay,yxc->axc", down, middle, dtype=np.float32, optimize=True)
    return np.ascontiguousarray(np.einsum("axc,bx->cab", lines, across, optimize=True) / np.float32(255))


def _averages(parts: int, points: int) -> Array:
    """[parts, points]: each row averages its share of the points, counting those at its edges in part."""
    edges = np.linspace(0, points, parts + 1)
    start, stop = edges[:-1, None], edges[1:, None]
    at = np.arange(points)[None]
    share = np.clip(np.minimum(stop, at + 1) - np.maximum(start, at), 0, None)
    return (share / share.sum(1, keepdims=True)).astype(np.float32)
