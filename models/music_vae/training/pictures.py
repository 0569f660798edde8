"""Piano rolls and drum grids of windows as one picture, to look at what a model plays."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.music_vae import melody

CELL_WIDTH, CELL_HEIGHT, GAP, TITLE_HEIGHT = 8, 4, 12, 12
LEAST_PITCHES = 36
PAPER, BAR, BEAT, OCTAVE, TITLE = (250, 248, 243), (120, 120, 120), (215, 212, 204), (228, 225, 217), (60, 60, 60)
INKS = ((28, 92, 150), (196, 84, 32))
DRUM_HEIGHT = 7
Ink = tuple[int, int, int]
Group = tuple[str, list[np.ndarray]]
Paint = Callable[[ImageDraw.ImageDraw, np.ndarray, int, int, Ink], None]


def save(groups: list[Group], path: Path, columns: int = 4) -> None:
    """Write one cell a group: its windows one under the other, the first in blue, those after it in orange.

    Windows are melodies [T], or how loud each drum is hit [T, drums], 0..1.
    """
    if groups[0][1][0].ndim == 2:
        _save(groups, path, columns, groups[0][1][0].shape[1] * DRUM_HEIGHT + GAP // 2, _grid)
        return
    notes = [note for _, windows in groups for window in windows for note in melody.decode(window)]
    low = min((n[2] for n in notes), default=60) - 1
    pitches = max(max((n[2] for n in notes), default=60) + 2 - low, LEAST_PITCHES)

    def roll(draw: ImageDraw.ImageDraw, window: np.ndarray, left: int, top: int, ink: Ink) -> None:
        _roll(draw, window, left, top, low, pitches, ink)

    _save(groups, path, columns, pitches * CELL_HEIGHT + GAP // 2, roll)


def _save(groups: list[Group], path: Path, columns: int, roll_height: int, paint: Paint) -> None:
    count = max(len(windows) for _, windows in groups)
    width, height = len(groups[0][1][0]) * CELL_WIDTH, TITLE_HEIGHT + count * roll_height
    rows = -(-len(groups) // columns)
    picture = Image.new("RGB", (columns * (width + GAP) + GAP, rows * (height + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(picture)
    for number, (title, windows) in enumerate(groups):
        left = GAP + number % columns * (width + GAP)
        top = GAP + number // columns * (height + GAP)
        draw.text((left, top - 2), title, fill=TITLE)
        for row, window in enumerate(windows):
            paint(draw, window, left, top + TITLE_HEIGHT + row * roll_height, INKS[min(row, 1)])
    picture.quantize(64).save(path, optimize=True)


def _grid(draw: ImageDraw.ImageDraw, window: np.ndarray, left: int, top: int, ink: Ink) -> None:
    steps, drums = window.shape
    bottom = top + drums * DRUM_HEIGHT
    for step in range(0, steps + 1, melody.STEPS_PER_BEAT):
        x = left + step * CELL_WIDTH
        draw.line((x, top, x, bottom), fill=BAR if step % melody.STEPS_PER_BAR == 0 else BEAT)
    for step, drum in np.argwhere(window > 0).tolist():
        loud = 0.25 + 0.75 * float(window[step, drum])
        shade = tuple(round(p + (i - p) * loud) for p, i in zip(PAPER, ink, strict=True))
        x, y = left + step * CELL_WIDTH, bottom - (drum + 1) * DRUM_HEIGHT
        draw.rectangle((x + 1, y + 1, x + CELL_WIDTH - 1, y + DRUM_HEIGHT - 1), fill=shade)


def _roll(
    draw: ImageDraw.ImageDraw,
    window: np.ndarray,
    left: int,
    top: int,
    low: int,
    pitches: int,
    ink: Ink,
) -> None:
    bottom, right = top + pitches * CELL_HEIGHT, left + len(window) * CELL_WIDTH
    for pitch in range(low, low + pitches):
        if pitch % 12 == 0:
            y = bottom - (pitch - low) * CELL_HEIGHT
            draw.line((left, y, right, y), fill=OCTAVE)
    for step in range(0, len(window) + 1, melody.STEPS_PER_BEAT):
        x = left + step * CELL_WIDTH
        draw.line((x, top, x, bottom), fill=BAR if step % melody.STEPS_PER_BAR == 0 else BEAT)
    for start, end, pitch in melody.decode(window):
        y = bottom - (pitch - low + 1) * CELL_HEIGHT
        box = (left + start * CELL_WIDTH, y, left + end * CELL_WIDTH - 2, y + CELL_HEIGHT - 1)
        draw.rectangle(box, fill=ink)
