"""How latents move with the music: round circles with the beat, pushed by notes, eased from one to the next."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from models.contract import Moment, Sounding

Array = NDArray[np.float32]

LOWEST, HIGHEST = 36, 96
"""The pitches at the left and the right margin."""
LANES = {"call": 0.68, "answer": 0.32}
"""Heights in the picture: the player below, the answer above."""
ATTACK_S = 0.35
HELD = 0.3
JUMP = 2.0
"""Beats from one frame to the next above which the beat was moved, and the walk does not follow."""


def draw(shape: tuple[int, ...], *seed: int) -> Array:
    """Normal noise, the same for the same numbers."""
    return np.random.default_rng(np.random.SeedSequence(seed)).standard_normal(shape, np.float32)


def circle(shape: tuple[int, ...], seed: int, turns: float) -> Array:
    """Normal noise after so many turns of a circle through the space; whole turns come back to the same."""
    cosine, sine = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
    return np.asarray(cosine * draw(shape, seed, 0) + sine * draw(shape, seed, 1), np.float32)


def along(points: Array, turns: float) -> Array:
    """Where one is on the closed way through points [N, Z], after so many rounds [1, Z]; slower near each of them."""
    at = (turns % 1.0) * len(points)
    first = int(at) % len(points)
    share = at - int(at)
    share = share * share * (3 - 2 * share) if len(points) < 16 else share
    start, end = points[first], points[(first + 1) % len(points)]
    return np.asarray(start + share * (end - start), np.float32)[None]


def force(note: Sounding) -> float:
    """How strongly a note counts now, 0..1.3: most at its onset, less while it is held, soon nothing after."""
    strength = 0.4 + 0.6 * note.velocity / 127
    return strength * (math.exp(-max(0.0, note.age) / ATTACK_S) + (HELD if note.held else 0.0))


def pushed(noise: Array, seed: int, notes: Iterable[Sounding], reaction: float) -> Array:
    """The noise with each note's own mixed in, so that its variance stays as it was."""
    for note in notes:
        share = 1.4 * reaction * force(note)
        if share >= 0.02:
            own = draw(noise.shape, seed, 2, note.pitch, int(note.voice == "answer"))
            noise = (noise + share * own) / math.sqrt(1 + share**2)
    return np.asarray(noise, np.float32)


def place(note: Sounding) -> tuple[float, float]:
    """Where in the picture a note is, x and y from 0 (left, top) to 1: low pitches left, high ones right."""
    x = 0.08 + 0.84 * min(1.0, max(0.0, (note.pitch - LOWEST) / (HIGHEST - LOWEST)))
    return x, LANES[note.voice]


def lights(notes: Iterable[Sounding], rows: int, columns: int, reaction: float) -> Array:
    """A bump of light about each note, [rows, columns]."""
    light = np.zeros((rows, columns), np.float32)
    down = (np.arange(rows, dtype=np.float32) + 0.5) / rows
    across = (np.arange(columns, dtype=np.float32) + 0.5) / columns
    for note in notes:
        strength = reaction * force(note)
        if strength >= 0.01:
            x, y = place(note)
            wide = ((across - x) * columns / rows) ** 2
            light += strength * np.exp(-((down - y)[:, None] ** 2 + wide[None]) / (2 * 0.13**2))
    return light


class Turns:
    """Counts a walk's turns on from frame to frame, so that another speed changes where it goes and not where it is."""

    def __init__(self) -> None:
        self.turns = 0.0
        self._beat: float | None = None

    def follow(self, moment: Moment, speed: float, walk: float) -> float:
        """Walk on by what has passed of a circle of ``walk`` beats; the turns so far."""
        beats = 0.0 if self._beat is None else moment.beat - self._beat
        self._beat = moment.beat
        if 0 <= beats <= JUMP:
            self.turns += speed * beats / walk
        return self.turns


class Ease:
    """Goes from the arrays that were to those that are wanted, over beats."""

    def __init__(self) -> None:
        self._key: object = None
        self._start: Array | None = None
        self._now: Array | None = None
        self._began = 0.0

    def towards(self, key: object, value: Array, beat: float, beats: float) -> Array:
        """Where it stands at that beat; another ``key`` begins a new way, from wherever it stood."""
        if self._now is None:
            self._key, self._now = key, value
        elif key != self._key:
            self._key, self._start, self._began = key, self._now, beat
        if self._start is not None:
            share = (beat - self._began) / beats if beats > 0 else 1.0
            if 0 <= share < 1:
                share = share * share * (3 - 2 * share)
                self._now = np.asarray(self._start + share * (value - self._start), np.float32)
                return self._now
            self._start = None  # arrived; or the beat was moved back
        self._now = value
        return value
