"""Pictures in main memory: mixed, enlarged, and turned. RGB, uint8 [height, width, 3] throughout."""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]


def mix(one: Pixels, other: Pixels, share: float) -> Pixels:
    """``share`` (0..1) of the other, of one the rest; both of one size."""
    if share <= 0:
        return one
    if share >= 1:
        return other
    return np.asarray(Image.blend(Image.fromarray(one), Image.fromarray(other), share))


def sized(picture: Pixels, width: int, height: int) -> Pixels:
    """The picture at that size in pixels, stretched."""
    if picture.shape[:2] == (height, width):
        return picture
    return np.asarray(Image.fromarray(picture).resize((width, height), Image.Resampling.BILINEAR))


def moved(picture: Pixels, zoom: float, degrees: float, right: float, down: float) -> Pixels:
    """The picture grown by ``zoom`` about its middle, turned clockwise, and shifted by shares of its width and height.

    What comes in from outside is the picture's mirror image.
    """
    if zoom == 1 and degrees == right == down == 0:
        return picture
    height, width = picture.shape[:2]
    cosine, sine = math.cos(math.radians(degrees)) / zoom, math.sin(math.radians(degrees)) / zoom
    x, y = width / 2, height / 2
    to_x, to_y = x + right * width, y + down * height
    # From where each pixel is taken, as Pillow wants it: x' = a x + b y + c, y' = d x + e y + f.
    a, b, d, e = cosine, sine, -sine, cosine
    c, f = x - a * to_x - b * to_y, y - d * to_x - e * to_y
    corners = [(a * u + b * v + c, d * u + e * v + f) for u in (0, width) for v in (0, height)]
    outside = max(max(-u, u - width, -v, v - height) for u, v in corners)
    margin = math.ceil(min(outside, 2 * max(width, height))) + 1 if outside > 0 else 0
    if margin:
        picture = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    affine = (a, b, c + margin, d, e, f + margin)
    image = Image.fromarray(picture)
    return np.asarray(image.transform((width, height), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR))
