"""Melodies as 16th-grid steps of 90 classes, the encoding of Magenta's `OneHotMelodyConverter`.

A step is one of: 0 no event (the note sounding, or the silence, goes on), 1 note-off, 2 and up a note-on of pitch
`class - 2 + 21`, for pitches 21 to 108. Four steps a beat, sixteen a 4/4 bar.
Source: magenta `models/music_vae/data.py`, note_seq `melodies_lib.py` (behaviour only).
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

NO_EVENT = 0
NOTE_OFF = 1
FIRST_NOTE = 2
MIN_PITCH = 21
MAX_PITCH = 108
CLASSES = FIRST_NOTE + MAX_PITCH - MIN_PITCH + 1  # 90
STEPS_PER_BEAT = 4
STEPS_PER_BAR = 16

Steps = npt.NDArray[np.int64]
# (start step, end step, MIDI pitch); the end is exclusive.
StepNote = tuple[int, int, int]


def encode(notes: Iterable[StepNote], length: int) -> Steps:
    """Turn notes into `length` steps, keeping the highest of notes that start together.

    A note cuts off the one before it; one that lasts to the end of the steps gets no note-off. Notes out of the pitch
    range, without length or outside the steps are left out.
    """
    kept = [n for n in notes if MIN_PITCH <= n[2] <= MAX_PITCH and n[1] > n[0] and 0 <= n[0] < length]
    steps = np.zeros(length, np.int64)
    last_start = -1
    for start, end, pitch in sorted(kept, key=lambda n: (n[0], -n[2])):
        if start == last_start:
            continue
        last_start = start
        steps[start] = pitch - MIN_PITCH + FIRST_NOTE
        steps[start + 1 :] = NO_EVENT
        if end < length:
            steps[end] = NOTE_OFF
    return steps


def decode(steps: npt.ArrayLike) -> list[StepNote]:
    """Turn steps back into notes; the last one lasts to the end of the steps unless it is ended."""
    notes: list[StepNote] = []
    sounding: tuple[int, int] | None = None
    values = np.asarray(steps).tolist()
    for step, value in enumerate(values):
        if value == NO_EVENT:
            continue
        if sounding is not None:
            notes.append((sounding[0], step, sounding[1]))
            sounding = None
        if value >= FIRST_NOTE:
            sounding = (step, value - FIRST_NOTE + MIN_PITCH)
    if sounding is not None:
        notes.append((sounding[0], len(values), sounding[1]))
    return notes


def window(steps: Steps, start: int, length: int = 2 * STEPS_PER_BAR) -> Steps:
    """Cut a window; note-offs before its first note become no event, as nothing sounds there that could end."""
    cut = steps[start : start + length].copy()
    onsets = np.flatnonzero(cut >= FIRST_NOTE)
    cut[: onsets[0] if len(onsets) else len(cut)] = NO_EVENT
    return cut


def transpose(steps: Steps, semitones: npt.ArrayLike) -> Steps:
    """Move the notes of `steps` [..., length] by `semitones` [...]; the caller keeps them within the range."""
    return np.where(steps >= FIRST_NOTE, steps + np.asarray(semitones)[..., None], steps)
