"""Morph: the same melody, denser or sparser, higher or lower, more or less syncopated, rising or falling."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from models.contract import Note
from models.music_vae.attributes import ATTRIBUTES, Attributes
from models.music_vae.hearing import OCTAVE, WINDOW_BARS, Heard
from models.music_vae.leaning import Harmony
from models.music_vae.melodist import Draw, Melodist, note_of
from models.music_vae.metre import ModelBar
from models.music_vae.network import generator
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

LEANING = 2.0
"""By how much, in logits, notes outside the key are made less likely."""


def morph(
    melodist: Melodist,
    attributes: Attributes,
    heard: Heard,
    bars: list[ModelBar],
    style: Style,
    amounts: Mapping[str, float],
) -> Iterator[Note]:
    """Yield the notes in order, in beats; ``amounts`` are in standard deviations of the training songs."""
    rng = generator(style.seed)
    wide = replace(heard, reach=2 * OCTAVE)
    moved = np.array([amounts.get(name, 0.0) for name in ATTRIBUTES], np.float32)
    segments = [bars[first : first + WINDOW_BARS] for first in range(0, len(bars), WINDOW_BARS)]
    for number, segment in enumerate(segments):
        window = heard.windows[(number - len(segments)) % len(heard.windows)]
        z = attributes.moved(melodist.encode([window]), moved)
        harmony = melodist.harmony(heard, segment, style.chords, LEANING)

        def draw(farther: float, z: Array = z, harmony: Harmony = harmony) -> Draw:
            return Draw(z, harmony, max(style.temperature, farther))

        for note in melodist.segment(segment, draw, rng, enough=1):
            yield note_of(wide, window, segment, note)
