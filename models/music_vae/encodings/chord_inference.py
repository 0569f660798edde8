"""Chords for music that has no chord symbols: the likeliest path through keys and chords, two chords a 4/4 bar.

A hidden Markov model: each frame has a key and a chord; its pitch classes, weighted by how long they sound, are
likelier the more they point in the chord's direction. Its parameters are note_seq's (`chord_inference.py`).
"""

import bisect
import functools
import itertools
import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.music_vae.score import NO_CHORD, Metre, Refusal, ScoreNote

_SCALE = (0, 2, 4, 5, 7, 9, 11)
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_KINDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "+": (0, 4, 8),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "m7b5": (0, 3, 6, 10),
}
_CHORDS = (
    (NO_CHORD, ()),
    *((n + k, tuple((r + p) % 12 for p in ps)) for r, n in enumerate(_NAMES) for k, ps in _KINDS.items()),
)
"""Name and pitch classes of each chord."""
_CHORDS_PER_BAR = {(2, 2): 1, (2, 4): 1, (3, 4): 1, (4, 4): 2, (6, 8): 2}
_UNPITCHED = frozenset((*range(96, 104), *range(112, 128)))
"""General MIDI programs that are effects and percussion."""
_LONGEST = 1000

_KEY_CHANGE = 0.001
_CHORD_CHANGE = 0.5
_OUT_OF_KEY = 0.01
_CONCENTRATION = 100.0

Floats = npt.NDArray[np.float64]


class Inferred(NamedTuple):
    """A chord, and the frame from which on it is heard."""

    frame: int
    text: str


def chords_per_bar(metre: Metre) -> int:
    """How many frames a bar has. Raises Refusal for a metre without a usual number."""
    found = _CHORDS_PER_BAR.get((metre.numerator, metre.denominator))
    if found is None:
        raise Refusal(
            f"chords are inferred for 2/2, 2/4, 3/4, 4/4 and 6/8, not for {metre.numerator}/{metre.denominator}"
        )
    return found


def infer(notes: tuple[ScoreNote, ...], seconds_per_frame: float, total_time: float) -> list[Inferred]:
    """The likeliest chords, where they change. Raises Refusal for nothing, or for more than 1000 frames."""
    frames = math.ceil(total_time / seconds_per_frame)
    if not 0 < frames <= _LONGEST:
        raise Refusal(f"chords are inferred for 1..{_LONGEST} half bars, got {frames}")
    found: list[Inferred] = []
    for frame, chord in enumerate(_path(_CONCENTRATION * (_heard(notes, seconds_per_frame, frames) @ _directions().T))):
        text = _CHORDS[chord][0]
        if not found or found[-1].text != text:
            found.append(Inferred(frame, text))
    return found


def _heard(notes: tuple[ScoreNote, ...], seconds: float, frames: int) -> Floats:
    """How long each pitch class sounds in each frame [frames, 12], rows of length 1."""
    edges = (seconds * np.arange(1, frames)).tolist()
    heard = np.zeros((frames, 12))
    for note in notes:
        if note.is_drum or note.program in _UNPITCHED:
            continue
        first, last = bisect.bisect_right(edges, note.start), bisect.bisect_left(edges, note.end)
        times = [note.start, *edges[first:last], note.end] if first < last else [note.start, note.end]
        for frame, (start, end) in enumerate(itertools.pairwise(times), first):
            heard[frame, note.pitch % 12] += end - start
    return _unit(heard)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1)
    rows[lengths > 0] /= lengths[lengths > 0, None]
    return rows


@functools.cache
def _directions() -> Floats:
    """Each chord's pitch classes [chords, 12], rows of length 1."""
    classes = np.zeros((len(_CHORDS), 12))
    for row, (_, pitches) in zip(classes, _CHORDS, strict=True):
        row[list(pitches)] = 1
    return _unit(classes)


@functools.cache
def _in_keys() -> Floats:
    """The probability of each chord in each key [12, chords]."""
    keys = [{(key + step) % 12 for step in _SCALE} for key in range(12)]
    inside = np.array([[len(key.intersection(pitches)) for _, pitches in _CHORDS] for key in keys])
    outside = np.array([[len(set(pitches) - key) for _, pitches in _CHORDS] for key in keys])
    found: Floats = (1 - _OUT_OF_KEY) ** inside * _OUT_OF_KEY**outside
    return found / found.sum(1)[:, None]


@functools.cache
def _changes() -> Floats:
    """Log probabilities of going from each key and chord to each [12 · chords, 12 · chords]."""
    chords = _in_keys()
    count = len(_CHORDS)
    to = np.empty((12, count, 12, count))
    to[:] = _KEY_CHANGE / 11 * chords
    for key, own in enumerate(chords):
        within = (1 - _KEY_CHANGE) * (_CHORD_CHANGE * (own[None, :] + own[:, None] / (count - 1)))
        np.fill_diagonal(within, (1 - _KEY_CHANGE) * (1 - _CHORD_CHANGE))
        to[key, :, key] = within
    return np.log(to.reshape(12 * count, 12 * count))


def _path(frames: Floats) -> list[int]:
    """Viterbi: the chord of each frame on the likeliest path, from log likelihoods [frames, chords]."""
    count = len(_CHORDS)
    changes = np.ascontiguousarray(_changes().T)  # to each, from each
    likely = (-np.log(12) + np.log(_in_keys()) + frames[0]).reshape(-1)
    back: list[npt.NDArray[np.intp]] = []
    for frame in frames[1:]:
        ways = likely + changes
        best = ways.argmax(1)
        back.append(best)
        likely = ways[np.arange(len(ways)), best] + np.tile(frame, 12)
    state = int(likely.argmax())
    path = [state]
    for best in reversed(back):
        state = int(best[state])
        path.append(state)
    return [state % count for state in reversed(path)]
