"""What the drummer hears of a call: drums, or any rhythm as taps, on the model's grid with loudness and timing.

A groove is [steps, 27]: of each of nine drums a hit 0 or 1, its velocity 0..1, and its offset -1..1, how much earlier
than its 16th it comes in half 16ths (see :mod:`models.music_vae.encodings.groove_steps`).
"""

from dataclasses import dataclass

import numpy as np

from models.contract import Note, Phrase
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.encodings.groove_steps import TAP_CLASS
from models.music_vae.hearing import WINDOW_BARS, nearest
from models.music_vae.kits import REDUCED, classes
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar
from models.music_vae.weights import Array

CHANNEL = 9
HIT = 1 / STEPS_PER_BEAT
"""Beats that a hit lasts."""
KIT = classes(REDUCED)
"""The drum of each pitch that is one."""
WINDOW = WINDOW_BARS * STEPS


@dataclass(frozen=True)
class Window:
    """Two of the model's bars."""

    groove: Array
    """[32, 27]."""
    pitches: dict[tuple[int, int], int]
    """By step and drum, the pitch that was struck, which may be another of the drum's."""

    @property
    def hits(self) -> Array:
        """0 or 1 [32, 9]."""
        return self.groove[:, :DRUM_CLASSES]


def hear(call: Phrase, bars: list[ModelBar], *, taps: bool = False) -> Window:
    """What of a call lies in one or two of the model's bars.

    Of hits of one drum on one 16th the loudest counts. ``taps``: every note is a tap on one drum, whatever its pitch;
    else pitches that are no drums of the kit are left out.
    """
    groove = np.zeros((WINDOW, 3 * DRUM_CLASSES), np.float32)
    pitches: dict[tuple[int, int], int] = {}
    for note in call.notes:
        drum = TAP_CLASS if taps else KIT.get(note.pitch)
        if drum is None:
            continue
        sixteenth = nearest(note.start)
        for number, bar in enumerate(bars):
            if not bar.start * STEPS_PER_BEAT <= sixteenth < (bar.start + bar.beats) * STEPS_PER_BEAT:
                continue
            step = number * STEPS + bar.step_of(sixteenth)
            if note.velocity / 127 > groove[step, DRUM_CLASSES + drum]:
                early = 2 * (sixteenth - note.start * STEPS_PER_BEAT)
                groove[step, drum::DRUM_CLASSES] = 1.0, note.velocity / 127, early
                pitches[step, drum] = note.pitch
    return Window(groove, pitches)


def notes_of(groove: Array, bars: list[ModelBar], pitches: dict[tuple[int, int], int] | None = None) -> list[Note]:
    """A groove's hits in order, in beats; none before the phrase's first beat, nor on beats that the music lacks."""
    found = []
    for step, drum in np.argwhere(groove[: STEPS * len(bars), :DRUM_CLASSES] > 0.5).tolist():
        bar, within = bars[step // STEPS], step % STEPS
        if within >= bar.beats * STEPS_PER_BEAT:
            continue
        velocity, early = groove[step, DRUM_CLASSES + drum], groove[step, 2 * DRUM_CLASSES + drum]
        start = bar.beat_of(within) - float(np.clip(early, -1, 1)) / 2 / STEPS_PER_BEAT
        pitch = (pitches or {}).get((step, drum), REDUCED[drum][0])
        found.append(Note(pitch, int(np.clip(np.rint(velocity * 127), 1, 127)), max(0.0, start), HIT, CHANNEL))
    return sorted(found, key=lambda note: (note.start, note.pitch))
