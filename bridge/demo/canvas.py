"""A drawing surface in logical pixels, drawn larger and reduced so that edges are smooth."""

import functools
from typing import Literal

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

Colour = tuple[int, int, int]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

SCALE = 2
"""Drawn pixels for each logical one, each way."""


class Canvas:
    """Draws shapes and text; coordinates are logical pixels from the upper left corner."""

    def __init__(self, width: int, height: int, background: Colour) -> None:
        self.width, self.height = width, height
        self._image = Image.new("RGB", (width * SCALE, height * SCALE), background)
        self._draw = ImageDraw.Draw(self._image)

    def box(self, box: Box, fill: Colour, radius: float = 0.0) -> None:
        """Fill a rectangle, its corners rounded."""
        left, top, right, bottom = (round(value * SCALE) for value in box)
        if right <= left or bottom <= top:
            return
        radius = min(radius * SCALE, (right - left) / 2, (bottom - top) / 2)
        self._draw.rounded_rectangle((left, top, right - 1, bottom - 1), radius, fill)

    def line(self, x0: float, y0: float, x1: float, y1: float, fill: Colour, width: float = 1.0) -> None:
        """Draw a straight upright or level line, centred on its coordinates."""
        half = width / 2
        self.box((min(x0, x1) - half, min(y0, y1) - half, max(x0, x1) + half, max(y0, y1) + half), fill)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        fill: Colour,
        anchor: Literal["ls", "ms", "rs", "lm", "mm", "rm"] = "ls",
    ) -> float:
        """Write a line of text at a baseline (s) or middle (m); return its width."""
        font = _font(round(size * SCALE))
        self._draw.text((x * SCALE, y * SCALE), text, fill, font, anchor=anchor)
        return font.getlength(text) / SCALE

    def paste(self, image: Image.Image, box: Box, radius: float = 0.0) -> None:
        """Put a picture into a rectangle, its corners rounded."""
        left, top, right, bottom = (round(value * SCALE) for value in box)
        size = (right - left, bottom - top)
        mask = Image.new("L", size, 0)
        ImageDraw.Draw(mask).rounded_rectangle((0, 0, size[0] - 1, size[1] - 1), radius * SCALE, 255)
        self._image.paste(image.resize(size, Image.Resampling.BICUBIC), (left, top), mask)

    def glow(self, boxes: list[tuple[Box, Colour]], radius: float) -> None:
        """Let light fall around rectangles."""
        light = Image.new("RGB", (self.width // 2, self.height // 2))
        draw = ImageDraw.Draw(light)
        for (left, top, right, bottom), colour in boxes:
            draw.rectangle((left / 2, top / 2, right / 2, bottom / 2), colour)
        light = light.filter(ImageFilter.GaussianBlur(radius / 2)).resize(self._image.size, Image.Resampling.BICUBIC)
        self._image.paste(ImageChops.screen(self._image, light))

    def finish(self) -> Image.Image:
        """Return the picture in its logical size."""
        return self._image.resize((self.width, self.height), Image.Resampling.BOX)


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise OSError("Pillow was built without FreeType; text needs it: pip install --force-reinstall pillow")
    return font


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """A colour between two; ``share`` 0..1 of the other."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
