"""Mix: what lies between the four melodies of the pad's corners, where the pad stands."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from models import pad
from models.contract import Note, Phrase, Value
from models.music_vae import given
from models.music_vae.arc import slerp
from models.music_vae.declaration import MusicVae
from models.music_vae.hearing import MAJOR, WINDOW_BARS, Heard, foreign_to, hear, nothing_heard
from models.music_vae.leaning import Harmony
from models.music_vae.melodist import Draw, Melodist, note_of
from models.music_vae.metre import ModelBar
from models.music_vae.network import generator
from models.music_vae.prior import Prior
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

LEANING = 2.0
"""By how much, in logits, notes outside the corners' keys are made less likely."""


def mix(
    melodist: Melodist,
    prior: Prior,
    call: Phrase,
    bars: list[ModelBar],
    style: Style,
    params: Mapping[str, Value],
) -> Iterator[Note]:
    """Yield the notes in order, in beats; each segment of two model bars is the mixture anew.

    Of the call only its metre and place count; register and loudness are those of the nearest corner. Raises
    ValueError, before the first note, for a corner's text that is no melody or a place outside 0..1.
    """
    declared = MusicVae.params()
    x, y = (given.number(declared, f"pad_{axis}", params) for axis in "xy")
    texts = [given.text(declared, f"corner_{number + 1}", params) for number in range(pad.CORNERS)]
    corners = [_heard(text, call) for text in texts]
    return _mixed(melodist, prior, corners, _register(corners, pad.shares(x, y), call), bars, style, x, y)


def _heard(text: str, call: Phrase) -> Heard | None:
    """A corner as the model takes it; None where it has no melody of its own."""
    notes = pad.read(text)
    return hear(Phrase(notes, pad.MELODY_BARS, call.beats_per_bar, call.next_bar)) if notes else None


def _register(corners: list[Heard | None], shares: tuple[float, ...], call: Phrase) -> Heard:
    """The nearest corner, in the key that the corners which have a share are in together; C major where none has."""
    nearest = corners[max(range(len(corners)), key=lambda number: shares[number])]
    heard = nearest or nothing_heard(call.beats_per_bar, call.next_bar)
    near = [corner for corner, share in zip(corners, shares, strict=True) if corner and share > 0]
    pitches = [pitch for corner in near for pitch in corner.pitches]
    return replace(heard, pitches=pitches, foreign=foreign_to(pitches or list(MAJOR)))


def _mixed(
    melodist: Melodist,
    prior: Prior,
    corners: list[Heard | None],
    heard: Heard,
    bars: list[ModelBar],
    style: Style,
    x: float,
    y: float,
) -> Iterator[Note]:
    rng = generator(style.seed)
    own = [prior.draw(np.random.default_rng(number + 1)) for number in range(len(corners))]
    for number, first in enumerate(range(0, len(bars), WINDOW_BARS)):
        segment = bars[first : first + WINDOW_BARS]
        points = [
            melodist.encode([corner.windows[number % len(corner.windows)]]) if corner else point
            for corner, point in zip(corners, own, strict=True)
        ]
        z = slerp(slerp(points[2], points[3], x), slerp(points[0], points[1], x), y)
        harmony = melodist.harmony(heard, segment, style.chords, LEANING)

        def draw(farther: float, z: Array = z, harmony: Harmony = harmony) -> Draw:
            return Draw(z, harmony, max(style.temperature, farther))

        for note in melodist.segment(segment, draw, rng, enough=1):
            yield note_of(heard, heard.windows[number % len(heard.windows)], segment, note)
