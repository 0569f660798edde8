"""Attributes of two bars of drums, by the names of the melody's; `attributes.py` tells how they are kept and used."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from models.music_vae.attributes import WEAKNESS
from models.music_vae.weights import Array

_HEIGHT = np.array([0.0, 1.0, 2.0, 2.0, 0.5, 0.5, 0.5, 2.0, 2.0])
"""How high each drum sounds: kick, snare, closed and open hi-hat, three toms, crash, ride."""


def density(hits: Array) -> float:
    """Hits."""
    return float(hits.sum())


def register(hits: Array) -> float:
    """How high its hits sound, on average: 0 the kick, 1 the snare, 2 hi-hats and cymbals."""
    return float((hits @ _HEIGHT).sum() / hits.sum())


def syncopation(hits: Array) -> float:
    """How far from the beat hits are, on average: 0 on it, 0.5 on the eighth between, 1 on other 16ths."""
    return float((hits.sum(1) * np.resize(WEAKNESS, len(hits))).sum() / hits.sum())


def contour(hits: Array) -> float:
    """How many more hits its second half has than its first."""
    half = len(hits) // 2
    return float(hits[half:].sum() - hits[:half].sum())


DRUM_ATTRIBUTES: dict[str, Callable[[Array], float]] = {
    "density": density,
    "register": register,
    "syncopation": syncopation,
    "contour": contour,
}
"""What can be told of hits [32, 9] of which there is at least one."""


def measure(windows: Array) -> npt.NDArray[np.float64]:
    """Each attribute of each window of hits [windows, 32, 9]: [windows, attributes]."""
    return np.array([[attribute(window) for attribute in DRUM_ATTRIBUTES.values()] for window in windows])
