"""Piano rolls of windows as one picture, to look at what a model plays."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.music_vae import melody

CELL_WIDTH, CELL_HEIGHT, GAP = 8, 4, 12
PAPER, BAR, BEAT, OCTAVE, TITLE = (250, 248, 243), (120, 120, 120), (215, 212, 204), (228, 225, 217), (60, 60, 60)
INKS = ((28, 92, 150), (196, 84, 32))


def rolls(groups: list[tuple[str, list[np.ndarray]]], columns: int = 4) -> Image.Image:
    """One cell a group; its windows [T] lie one under the other, the first in blue (the original), others in orange."""
    count = max(len(windows) for _, windows in groups)
    steps = len(groups[0][1][0])
    height = 12 + count * (40 * CELL_HEIGHT + 4)
    width = steps * CELL_WIDTH
    rows = -(-len(groups) // columns)
    picture = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (title, windows) in enumerate(groups):
        left = GAP + number % columns * (width + GAP)
        top = GAP + number // columns * (height + GAP)
        draw.text((left, top - 2), title, fill=TITLE)
        for row, window in enumerate(windows):
            _roll(draw, window, left, top + 12 + row * (40 * CELL_HEIGHT + 4), INKS[min(row, 1)])
    return picture


def _roll(draw: ImageDraw.ImageDraw, window: np.ndarray, left: int, top: int, ink: tuple[int, int, int]) -> None:
    notes = melody.decode(window)
    middle = int(np.median([n[2] for n in notes])) if notes else 66
    low, bottom = middle - 20, top + 40 * CELL_HEIGHT
    right = left + len(window) * CELL_WIDTH
    for pitch in range(low, low + 40):
        if pitch % 12 == 0:
            y = bottom - (pitch - low) * CELL_HEIGHT
            draw.line((left, y, right, y), fill=OCTAVE)
    for step in range(0, len(window) + 1, melody.STEPS_PER_BEAT):
        x = left + step * CELL_WIDTH
        draw.line((x, top, x, bottom), fill=BAR if step % melody.STEPS_PER_BAR == 0 else BEAT)
    for start, end, pitch in notes:
        y = bottom - (pitch - low + 1) * CELL_HEIGHT
        box = (left + start * CELL_WIDTH, y, left + end * CELL_WIDTH - 2, y + CELL_HEIGHT - 1)
        draw.rectangle(box, fill=ink)


def save(groups: list[tuple[str, list[np.ndarray]]], path: Path, columns: int = 4) -> None:
    rolls(groups, columns).save(path)
