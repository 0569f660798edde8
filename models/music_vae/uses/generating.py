"""Generate: a melody out of nothing.

The first segment is drawn from where melodies lie, again where a bar of it is silent or its range is wide (of real
melodies a twentieth span more than an octave and a half); the others continue it. Without
chords it is in a key that is drawn, too.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from models.contract import Note, Phrase
from models.music_vae import melody
from models.music_vae.attributes import Attributes
from models.music_vae.hearing import MAJOR, OCTAVE, WINDOW_BARS, Window, foreign_to, nothing_heard
from models.music_vae.leaning import Harmony
from models.music_vae.melodist import Draw, Melodist, note_of
from models.music_vae.metre import STEPS, ModelBar
from models.music_vae.network import generator
from models.music_vae.prior import Prior
from models.music_vae.uses.continuing import LEANING, Predictor, continue_
from models.music_vae.uses.style import Style

WIDEST_RANGE = 19
"""Semitones."""
TRIES = 8


def generate(
    melodist: Melodist,
    prior: Prior,
    predictor: Predictor | None,
    attributes: Attributes | None,
    before: Phrase,
    bars: list[ModelBar],
    style: Style,
) -> Iterator[Note]:
    """Yield the notes in order, in beats; of the phrase ``before`` only its metre and place count.

    Without a predictor each segment is a draw of its own.
    """
    rng = generator(style.seed)
    key = (np.array(MAJOR) + rng.integers(OCTAVE)) % OCTAVE
    heard = replace(nothing_heard(before.beats_per_bar, before.next_bar), foreign=foreign_to(key.tolist()))
    rest = bars
    while rest:
        segment, rest = rest[:WINDOW_BARS], rest[WINDOW_BARS:]
        harmony = melodist.harmony(heard, segment, style.chords, LEANING)
        notes = _drawn(melodist, prior, segment, harmony, style.temperature, rng)
        for note in notes:
            yield note_of(heard, heard.windows[0], segment, note)
        if not heard.pitches and notes:
            pitches = [pitch for _, _, pitch in notes]
            window = Window(melody.encode(notes, WINDOW_BARS * STEPS), heard.windows[0].velocities)
            heard = replace(heard, windows=[window], pitches=pitches, lowest=min(pitches), highest=max(pitches))
        if predictor is not None and heard.pitches:
            yield from continue_(melodist, predictor, attributes, heard, rest, style, rng)
            return


def _drawn(
    melodist: Melodist,
    prior: Prior,
    segment: list[ModelBar],
    harmony: Harmony,
    temperature: float,
    rng: np.random.Generator,
) -> list[melody.StepNote]:
    """The notes of a draw that is good enough, or of the last one that was tried."""

    def draw(farther: float) -> Draw:
        return Draw(prior.draw(rng), harmony, max(temperature, farther))

    notes: list[melody.StepNote] = []
    for _ in range(TRIES):
        notes = list(melodist.segment(segment, draw, rng))
        pitches = [pitch for _, _, pitch in notes]
        sounding = {step // STEPS for start, end, _ in notes for step in range(start, end)}
        if notes and max(pitches) - min(pitches) <= WIDEST_RANGE and len(sounding) == len(segment):
            break
    return notes
