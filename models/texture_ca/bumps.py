"""What notes do to the picture, as sums of bumps.

A bump is a Gaussian on the torus: the product of a function of the row and one of the column. A sum of K bumps over a
picture is therefore one matrix product, [H, K] @ [K, W], that the graphs make themselves; nothing as large as the
picture is made here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from models.contract import Moment

Array = NDArray[np.float32]

LOWEST, HIGHEST = 36, 96  # the pitches at the left and the right margin
MARGIN = 0.08
LANES = {"call": 0.70, "answer": 0.30}  # heights in the picture: the player below, the answer above
SWAY = 0.14  # a lane's notes lie on a wave over the bar, by as much
HELD_LIGHT, ATTACK_S, RELEASE_S = 0.5, 0.35, 0.45
SAME_ONSET_S = 0.03
MOST = 24  # the newest ripples count; more than ten fingers and an answer make

RING_SPEED, RING_S, RING_LIGHT = 3.2, 0.4, 3.0  # its radii a second, how long it lasts, its strength

SWIRL = 0.42  # cells a step at the fastest
CURRENT = 0.3


@dataclass
class Ripple:
    """A note's trace in the picture; places and radius in 0–1 of the height (y, radius) and width (x)."""

    pitch: int
    voice: Literal["call", "answer"]
    onset: float
    x: float
    y: float
    radius: float
    force: float
    released: float | None = None

    def light(self, now: float) -> float:
        """How brightly it shines, 0–1: a flash that settles while the note is held and fades once it ends."""
        until = now if self.released is None else min(now, self.released)
        light = HELD_LIGHT + (1 - HELD_LIGHT) * math.exp(-max(0.0, until - self.onset) / ATTACK_S)
        if self.released is not None:
            light *= math.exp(-max(0.0, now - self.released) / RELEASE_S)
        return light * self.force


class Ripples:
    """Follows the sounding notes from frame to frame."""

    def __init__(self) -> None:
        self.alive: list[Ripple] = []

    def follow(self, moment: Moment) -> list[Ripple]:
        """Take in the moment's notes; return the ripples of those that began since the last frame."""
        began, held = [], set()
        for note in moment.notes:
            onset = moment.time - note.age
            found = next((r for r in self.alive if self._same(r, note.pitch, note.voice, onset)), None)
            if found is None:
                found = self._ripple(note.pitch, note.velocity, note.voice, onset, moment)
                self.alive.append(found)
                began.append(found)
            if note.held:
                held.add(id(found))
        for ripple in self.alive:
            if id(ripple) not in held and ripple.released is None:
                ripple.released = moment.time
        self.alive = [r for r in self.alive if r.released is None or r.light(moment.time) > 0.01][-MOST:]
        return began

    @staticmethod
    def _same(ripple: Ripple, pitch: int, voice: str, onset: float) -> bool:
        return ripple.pitch == pitch and ripple.voice == voice and abs(ripple.onset - onset) < SAME_ONSET_S

    @staticmethod
    def _ripple(pitch: int, velocity: int, voice: Literal["call", "answer"], onset: float, moment: Moment) -> Ripple:
        place = min(1.0, max(0.0, (pitch - LOWEST) / (HIGHEST - LOWEST)))
        began = moment.beat - (moment.time - onset) * moment.tempo / 60
        wave = math.sin(2 * math.pi * began / max(1, moment.beats_per_bar))
        force = 0.45 + 0.55 * velocity / 127
        return Ripple(
            pitch, voice, onset,
            x=MARGIN + (1 - 2 * MARGIN) * place, y=LANES[voice] + SWAY * wave,
            radius=0.05 + 0.11 * velocity / 127, force=force,
        )  # fmt: skip


def _profile(places: Array, centres: Array, radii: Array) -> tuple[Array, Array]:
    """Gaussians [n, K] at the centres on a ring of length 1, and the signed offsets in radii."""
    offset = ((places[:, None] - centres + 0.5) % 1.0 - 0.5) / radii
    return np.exp(-0.5 * offset * offset), offset


def lights(ripples: list[Ripple], now: float, strength: float, height: int, width: int) -> tuple[Array, Array]:
    """Rows [2, height, K] and columns [2, K, width] whose products are the call's and the answer's light.

    Each note glows, and a ring runs outwards from it: a wide Gaussian less a narrower one.
    """
    rows, columns = np.zeros((2, height, 3 * MOST), np.float32), np.zeros((2, 3 * MOST, width), np.float32)
    for i, ripple in enumerate(ripples):
        voice = 0 if ripple.voice == "call" else 1
        age = max(0.0, now - ripple.onset)
        reach = 0.6 + RING_SPEED * age
        ring = RING_LIGHT * ripple.force * math.exp(-age / RING_S)
        parts = ((0.7, ripple.light(now)), (reach, ring), (0.78 * reach, -ring))
        for k, (spread, light) in enumerate(parts, 3 * i):
            row, column = _outline(ripple, height, width, spread)
            rows[voice, :, k] = row[:, 0] * (light * strength)
            columns[voice, k] = column[:, 0]
    return rows, columns


def flows(
    ripples: list[Ripple], now: float, strength: float, drift: float, height: int, width: int
) -> tuple[Array, Array]:
    """Rows [2, height, K] and columns [2, K, width] whose products are the speed (right, down) in cells a step.

    Slow currents run along rows and columns and wander with time; each note stirs a vortex, the call's clockwise, the
    answer's the other way.
    """
    rows, columns = np.zeros((2, height, MOST + 1), np.float32), np.zeros((2, MOST + 1, width), np.float32)
    y, x = _places(height), _places(width)
    rows[0, :, MOST] = CURRENT * drift * np.sin(2 * math.pi * (y + 0.031 * now) + 1.3 * math.sin(0.11 * now))
    columns[0, MOST] = 1
    rows[1, :, MOST] = CURRENT * drift
    columns[1, MOST] = np.sin(2 * math.pi * (x - 0.023 * now) + 1.1 * math.cos(0.07 * now))
    for k, ripple in enumerate(ripples):
        row, column = _outline(ripple, height, width, 1.1)
        turn = (1 if ripple.voice == "call" else -1) * ripple.light(now) * strength * SWIRL * 1.65  # 1 at a radius
        rows[0, :, k], columns[0, k] = -turn * row[:, 0] * row[:, 1], column[:, 0]
        rows[1, :, k], columns[1, k] = turn * row[:, 0], column[:, 0] * column[:, 1]
    return rows, columns


def _places(count: int) -> Array:
    return (np.arange(count, dtype=np.float32) + 0.5) / count


def _outline(ripple: Ripple, height: int, width: int, spread: float) -> tuple[Array, Array]:
    """The ripple's Gaussian and offset by row [height, 2] and by column [width, 2], round in pixels."""
    smaller = min(height, width)
    radius = ripple.radius * spread
    row = _profile(_places(height), np.float32(ripple.y), np.float32(radius * smaller / height))
    column = _profile(_places(width), np.float32(ripple.x), np.float32(radius * smaller / width))
    return np.concatenate(row, 1), np.concatenate(column, 1)
