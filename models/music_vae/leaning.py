"""What makes notes of the melody model less likely: the key that was heard, and the chords that are asked for.

A lean is added to the logits of the 90 classes, at each step.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.music_vae import melody
from models.music_vae.hearing import OCTAVE, Heard, foreign_to
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar
from models.music_vae.progression import Progression, tones_of
from models.music_vae.weights import Array


class Pull(NamedTuple):
    """By how much, in logits, notes are made less likely where there is a chord."""

    on_beat: float
    """Those that begin on a beat and are not in the chord there."""
    off_beat: float
    """The same, between beats."""
    strange: float
    """Those that are in neither key nor chord, anywhere, besides."""


class Harmony(NamedTuple):
    """What a segment is steered by."""

    lean: Array
    """What is added to the logits: [90], or [steps, 90]."""
    chords: melody.Steps | None = None
    """The chord of each step [steps], classes 0..48; None where none is asked for."""


ALONE = Pull(5.0, 1.0, 5.0)
"""Where the network knows nothing of chords."""
_PITCH_CLASS = np.arange(melody.MIN_PITCH, melody.MAX_PITCH + 1) % OCTAVE


def by_key(heard: Heard, strength: float) -> Array:
    """A lean [90] against notes outside the key."""
    return np.where(heard.foreign, np.float32(-strength), np.float32(0.0))


def harmony(heard: Heard, bars: list[ModelBar], progression: Progression, strength: float, pull: Pull) -> Harmony:
    """A lean [steps, 90] against notes outside key and chords; without chords it is :func:`by_key` at each step."""
    steps = STEPS * len(bars)
    if not progression.bars:
        return Harmony(np.broadcast_to(by_key(heard, strength), (steps, melody.CLASSES)))
    foreign = _foreign(heard, progression)
    lean = np.tile(by_key(heard, strength), (steps, 1))
    chords = np.zeros(steps, np.int64)
    for step in range(steps):
        bar, within = bars[step // STEPS], step % STEPS
        beat = min(bar.beat_of(within), bar.start + bar.beats - 1e-6)
        chords[step] = progression.at(beat, heard.beats_per_bar, heard.next_bar)
        if chords[step]:
            outside = ~np.isin(_PITCH_CLASS, list(tones_of(int(chords[step]))))
            against = pull.on_beat if within % STEPS_PER_BEAT == 0 else pull.off_beat
            lean[step, melody.FIRST_NOTE :] = -against * outside - pull.strange * (outside & foreign)
    return Harmony(lean, chords)


def padded(given: Harmony, steps: int) -> Harmony:
    """The same for so many steps; those beyond are not steered."""
    beyond = steps - len(given.lean)
    chords = None if given.chords is None else np.pad(given.chords, (0, beyond))
    return Harmony(np.pad(given.lean, ((0, beyond), (0, 0))), chords)


def _foreign(heard: Heard, progression: Progression) -> npt.NDArray[np.bool_]:
    """Of the 88 pitches those outside the key of the chords and of what was heard in it."""
    pitches = [*heard.pitches, *(tone for tone in progression.tones for _ in range(4))]
    return foreign_to(pitches)[melody.FIRST_NOTE :]
