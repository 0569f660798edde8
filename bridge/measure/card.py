"""A test card: known colours, corners, and a time code that survives every encoder; written and read back.

Corners, an eighth of the card each: red, green, blue and white, clockwise from the top left. Between them at the top, a
band of yellow, cyan, magenta, black and grey. Along the bottom, between the corners, 32 black or white cells: the
frame's number in 24 bits, the highest first, and 8 bits that check it.
"""

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "white": (255, 255, 255)}
BAND = {
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "black": (0, 0, 0),
    "grey": (128,) * 3,
}
NUMBER_BITS, CHECK_BITS = 24, 8
BITS = NUMBER_BITS + CHECK_BITS
GRAIN = 6
"""Levels by which the background is uneven, so that encoders have as much to do as with a texture."""
SMALLEST = 128
"""Pixels that a card's sides must have."""


class TestCard:
    """Cards of one size; each is the same but for its code and a bar that moves."""

    __test__ = False  # no test of pytest's

    def __init__(self, width: int, height: int) -> None:
        """Raises ValueError for a card too small to be read back."""
        if min(width, height) < SMALLEST:
            raise ValueError(f"a test card needs {SMALLEST} x {SMALLEST} pixels or more, got {width} x {height}")
        self.width, self.height = width, height
        y, x = np.mgrid[0:height, 0:width]
        self._base = np.empty((height, width, 3), np.uint8)
        for channel, wave in enumerate((x / 37 + y / 53, x / 71 - y / 31, (x + y) / 43)):
            grain = np.random.default_rng(channel).integers(-GRAIN, GRAIN + 1, (height, width))
            self._base[..., channel] = 128 + 60 * np.sin(wave) + grain
        for name, (top, left, bottom, right) in _places(width, height).items():
            self._base[top:bottom, left:right] = {**CORNERS, **BAND}[name]

    def pixels(self, number: int) -> Pixels:
        """Return the card of that number: RGB, uint8 [height, width, 3]."""
        card = self._base.copy()
        corner = self.height // 8
        middle = slice(2 * corner, self.height - 2 * corner)
        at = number * 7 % (self.width - 16)
        card[middle, at : at + 16] = 230
        top, left, cell = _code(self.width, self.height)
        bits = (coded(number) >> np.arange(BITS - 1, -1, -1)) & 1
        card[top : self.height, left : left + BITS * cell] = np.repeat(bits * 255, cell)[None, :, None]
        return card


def coded(number: int) -> int:
    """Return the bits of a number, with those that check it."""
    number &= (1 << NUMBER_BITS) - 1
    check = (number ^ number >> 8 ^ number >> 16 ^ 0xA5) & 0xFF
    return number << CHECK_BITS | check


def number_of(pixels: Pixels) -> int | None:
    """Return the number of a card that was received, None where it cannot be read."""
    height, width = pixels.shape[:2]
    top, left, cell = _code(width, height)
    at = left + cell // 2 + cell * np.arange(BITS)
    row = pixels[(top + height) // 2, at].astype(int).mean(axis=1) > 127
    bits = int("".join("1" if bit else "0" for bit in row), 2)
    number = bits >> CHECK_BITS
    return number if coded(number) == bits else None


def colours_of(pixels: Pixels) -> dict[str, tuple[int, int, int]]:
    """Return the colour in the middle of each patch, as it was received."""
    found = {}
    for name, (top, left, bottom, right) in _places(pixels.shape[1], pixels.shape[0]).items():
        red, green, blue = pixels[(top + bottom) // 2, (left + right) // 2].tolist()
        found[name] = red, green, blue
    return found


def error_of(pixels: Pixels) -> int:
    """Return by how much the worst channel of the worst patch is off, 0..255."""
    known = {**CORNERS, **BAND}
    return max(
        abs(seen - meant)
        for name, colour in colours_of(pixels).items()
        for seen, meant in zip(colour, known[name], strict=True)
    )


def _places(width: int, height: int) -> dict[str, tuple[int, int, int, int]]:
    """Top, left, bottom and right of each patch."""
    w, h = width // 8, height // 8
    places = {
        "red": (0, 0, h, w),
        "green": (0, width - w, h, width),
        "blue": (height - h, width - w, height, width),
        "white": (height - h, 0, height, w),
    }
    step = (width - 2 * w) // len(BAND)
    for number, name in enumerate(BAND):
        places[name] = 0, w + number * step, h, w + (number + 1) * step
    return places


def _code(width: int, height: int) -> tuple[int, int, int]:
    """Top, left and the width of a cell of the time code."""
    cell = (width - 2 * (width // 8)) // BITS
    return height - height // 8, width // 8, cell
