"""What makes notes of the melody model less likely: the key that was heard, and the chords that are asked for.

A lean is added to the logits of the 90 classes, at each step.
"""

import numpy as np
import numpy.typing as npt

from models.music_vae import melody
from models.music_vae.hearing import OCTAVE, Heard, foreign_to
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar
from models.music_vae.progression import Progression
from models.music_vae.weights import Array

ON_BEAT = 5.0
"""By how much, in logits, a note on a beat is made less likely that is not in the chord there."""
OFF_BEAT = 1.0
"""The same, between beats."""
STRANGE = 5.0
"""The same, anywhere, for notes that are in neither key nor chord where there are chords."""
_PITCH_CLASS = np.arange(melody.MIN_PITCH, melody.MAX_PITCH + 1) % OCTAVE


def by_key(heard: Heard, strength: float) -> Array:
    """A lean [90] against notes outside the key."""
    return np.where(heard.foreign, np.float32(-strength), np.float32(0.0))


def by_chords(heard: Heard, bars: list[ModelBar], progression: Progression, strength: float) -> Array:
    """A lean [steps, 90] against notes outside key and chords; without chords it is :func:`by_key` at each step."""
    steps = STEPS * len(bars)
    if not progression.bars:
        return np.broadcast_to(by_key(heard, strength), (steps, melody.CLASSES))
    foreign = _foreign(heard, progression)
    lean = np.tile(by_key(heard, strength), (steps, 1))
    for step in range(steps):
        bar, within = bars[step // STEPS], step % STEPS
        beat = min(bar.beat_of(within), bar.start + bar.beats - 1e-6)
        tones = progression.at(beat, heard.beats_per_bar, heard.next_bar)
        if tones:
            outside = ~np.isin(_PITCH_CLASS, list(tones))
            against = ON_BEAT if within % STEPS_PER_BEAT == 0 else OFF_BEAT
            lean[step, melody.FIRST_NOTE :] = -against * outside - STRANGE * (outside & foreign)
    return lean


def _foreign(heard: Heard, progression: Progression) -> npt.NDArray[np.bool_]:
    """Of the 88 pitches those outside the key of the chords and of what was heard in it."""
    pitches = [*heard.pitches, *(tone for tone in progression.tones for _ in range(4))]
    return foreign_to(pitches)[melody.FIRST_NOTE :]
