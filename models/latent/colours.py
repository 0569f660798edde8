"""Turning colours, as a matrix on RGB."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def turned(hue: float, saturation: float) -> NDArray[np.float32]:
    """[3, 3]: turns colours about the grey axis by ``hue`` turns, ``saturation`` times as far from it."""
    cosine, sine = math.cos(2 * math.pi * hue), math.sin(2 * math.pi * hue) / math.sqrt(3)
    grey = np.full((3, 3), 1 / 3)
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return (grey + saturation * (cosine * (np.eye(3) - grey) + sine * across)).astype(np.float32)
