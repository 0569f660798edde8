"""The noise, as it moves with the music: round a circle with the beat, pushed where notes begin."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from torch import Tensor

from models.contract import Sounding

LOWEST, HIGHEST = 36, 96
"""The pitches at the left and the right margin."""
LANES = {"call": 0.7, "answer": 0.3}
"""Heights in the picture: the player below, the answer above."""
RADIUS = 0.22
ATTACK_S = 0.35
HELD = 0.25
Value = TypeVar("Value")


class Walk:
    """Noise [rows, channels, height, width] of mean 0 and variance 1, wherever the walk stands."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        self._shape = (channels, height, width)
        self._drawn: dict[tuple[int, ...], Tensor] = {}

    def circle(self, seed: int, rows: int, turns: float) -> Tensor:
        """The noise after so many turns; whole turns come back to the same."""
        cosine, sine = math.cos(2 * math.pi * turns), math.sin(2 * math.pi * turns)
        return cosine * self._draw(seed, 0)[:rows] + sine * self._draw(seed, 1)[:rows]

    def fresh(self, seed: int, rows: int, frame: int) -> Tensor:
        """Noise of this frame alone."""
        return draw((rows, *self._shape), seed, 2, frame)

    def pushed(self, noise: Tensor, seed: int, notes: Sequence[Sounding], reaction: float) -> Tensor:
        """The noise with each note's own mixed in about its place, strongest at its onset; variance stays 1."""
        for note in notes:
            force = reaction * (0.4 + 0.6 * note.velocity / 127)
            force *= math.exp(-max(0.0, note.age) / ATTACK_S) + (HELD if note.held else 0.0)
            if force < 0.01:
                continue
            share = 1.5 * force * self._place(note)
            own = self._draw(seed, 3, note.pitch, int(note.voice == "answer"))[: len(noise)]
            noise = (noise + share * own) / (1 + share**2).sqrt()
        return noise

    def _place(self, note: Sounding) -> Tensor:
        """A bump about the note's place: low pitches left, high ones right."""
        _, height, width = self._shape
        x = 0.08 + 0.84 * min(1.0, max(0.0, (note.pitch - LOWEST) / (HIGHEST - LOWEST)))
        rows = (torch.arange(height) + 0.5) / height - LANES[note.voice]
        columns = ((torch.arange(width) + 0.5) / width - x) * width / height
        return torch.exp(-(rows[:, None] ** 2 + columns[None] ** 2) / (2 * RADIUS**2))

    def _draw(self, seed: int, *tag: int) -> Tensor:
        """Noise for the most rows there can be, remembered; a row's does not depend on how many are used."""
        key = (seed, *tag)
        if key not in self._drawn:
            if len(self._drawn) > 256:
                self._drawn.clear()
            self._drawn[key] = draw((8, *self._shape), *key)
        return self._drawn[key]


class Morph(Generic[Value]):
    """Goes from what was to what is wanted, over beats."""

    def __init__(self, between: Callable[[Value, Value, float], Value]) -> None:
        self._between = between
        self._key: object = None
        self._start: Value | None = None
        self._began = 0.0
        self._now: Value | None = None

    def towards(self, key: object, value: Value, beat: float, beats: float) -> Value:
        """Where it stands at that beat; another ``key`` begins a new way, from wherever it stood."""
        if self._now is None:
            self._key, self._now = key, value
        elif key != self._key:
            self._key, self._start, self._began = key, self._now, beat
        if self._start is not None:
            share = (beat - self._began) / beats if beats > 0 else 1.0
            if 0 <= share < 1:
                self._now = self._between(self._start, value, share)
                return self._now
            self._start = None  # arrived; or the beat was moved back
        self._now = value
        return value


def draw(shape: tuple[int, ...], *seed: int) -> Tensor:
    """Normal noise, float32, the same for the same numbers on every device."""
    state = int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))
    return torch.randn(shape, generator=torch.Generator().manual_seed(state))
