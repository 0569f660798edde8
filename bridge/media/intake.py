"""Frames on their way in: brought to a size that the ring holds, decoded safely where strangers sent them."""

import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bridge.clocks import now
from bridge.media.ring import FrameRing

Pixels = NDArray[np.uint8]
MAX_SIDE = 8192
MAX_PIXELS = 40_000_000
"""Of a picture that is decoded: a small file may hold a huge one."""
FORMATS = ("JPEG", "PNG", "WEBP")


class TakenOverError(Exception):
    """Another source has begun since."""


class Intake:
    """Writes what comes in to the ring; whoever begins last has it."""

    def __init__(self, name: str, report: Callable[[str], None]) -> None:
        """``name`` is the ring's; ``report`` takes what the performer should know."""
        self.name, self.report = name, report

    def begin(self) -> "Writer":
        """Take the place over from whichever source had it."""
        return Writer(self.name)


class Writer:
    """One source's way into the ring."""

    def __init__(self, name: str) -> None:
        """Raises FileNotFoundError or RingError."""
        self._ring = FrameRing.attach(name)

    def write(self, pixels: Pixels, model: str) -> None:
        """Make pixels, RGB, the newest frame; ``model`` names the source. Raises TakenOverError."""
        if not self._ring.write(fitted(pixels, self._ring.capacity), time=now(), model=model):
            raise TakenOverError("another source has begun since")

    def close(self) -> None:
        """Let go."""
        self._ring.close()


def fitted(pixels: Pixels, most: int) -> Pixels:
    """Return the picture, made smaller where it has more pixels than ``most``."""
    height, width = pixels.shape[:2]
    if width * height <= most:
        return pixels
    from PIL import Image

    scale = (most / (width * height)) ** 0.5
    size = max(1, int(width * scale)), max(1, int(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def decoded(data: bytes) -> Pixels:
    """Return a JPEG, PNG or WebP as RGB. Raises ValueError, stating the rule, for what is not one or is too large."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            width, height = image.size
            if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
                raise ValueError(f"a picture may have {MAX_PIXELS} pixels, {MAX_SIDE} a side, got {width} x {height}")
            return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except ValueError:
        raise
    except Exception as error:  # Pillow's readers raise all sorts of things for broken files
        raise ValueError(f"a picture must be a whole JPEG, PNG or WebP: {type(error).__name__}") from error
