"""Interpolate: from one melody to another, or between four, by way of melodies in between."""

from collections.abc import Iterator

from models.contract import Note
from models.music_vae.arc import ways
from models.music_vae.hearing import WINDOW_BARS, Heard
from models.music_vae.leaning import Harmony
from models.music_vae.melodist import Draw, Melodist, note_of
from models.music_vae.metre import ModelBar
from models.music_vae.network import generator
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

LEANING = 2.0
"""By how much, in logits, notes outside the ends' keys are made less likely."""


def ends(windows: int, count: int) -> list[int]:
    """Which of so many windows are the ends: the first and the last, or four as far apart as can be."""
    return [round((windows - 1) * number / (count - 1)) for number in range(count)]


def interpolate(melodist: Melodist, heard: Heard, bars: list[ModelBar], style: Style, corners: bool) -> Iterator[Note]:
    """Yield the notes in order, in beats: a segment of two model bars for each point on the way, both ends included.

    Of four corners the way leads through the square row by row; the number of segments must then be a square, and
    what is left of the bars is silent.
    """
    rng = generator(style.seed)
    chosen = ends(len(heard.windows), 4 if corners else 2)
    points = melodist.encode([heard.windows[number] for number in chosen])
    segments = [bars[first : first + WINDOW_BARS] for first in range(0, len(bars), WINDOW_BARS)]
    steps = int(len(segments) ** 0.5) if corners else len(segments)
    way = ways([point[None] for point in points], steps)
    for number, (segment, z) in enumerate(zip(segments, way, strict=False)):
        along = number / max(len(way) - 1, 1)
        window = heard.windows[chosen[round(along * (len(chosen) - 1))]]
        harmony = melodist.harmony(heard, segment, style.chords, LEANING)

        def draw(farther: float, z: Array = z, harmony: Harmony = harmony) -> Draw:
            return Draw(z, harmony, max(style.temperature, farther))

        for note in melodist.segment(segment, draw, rng, enough=min(1, window.onsets)):
            yield note_of(heard, window, segment, note)
