"""Attributes of two bars of melody, and where they lie in a model's latent space.

For each attribute a file beside the model's weights holds what a ridge regression from the posterior's mean found over
the training songs (`training/attributes.py`): the predicted value is ``z @ weights + bias``. It also holds the
covariance of z and the attribute, along which z goes to change it without leaving where melodies are. Values are in
standard deviations over those songs, 0 their mean.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from models.music_vae import melody
from models.music_vae.weights import Array

Steps = melody.Steps
WEAKNESS = np.array([0.0, 1.0, 0.5, 1.0])
"""Of each 16th of a beat."""


def density(steps: Steps) -> float:
    """Notes that begin."""
    return float((steps >= melody.FIRST_NOTE).sum())


def register(steps: Steps) -> float:
    """Mean MIDI pitch."""
    return float(_pitches(steps).mean())


def syncopation(steps: Steps) -> float:
    """How far from the beat notes begin, on average: 0 on it, 0.5 on the eighth between, 1 on other 16ths."""
    return float(WEAKNESS[np.flatnonzero(steps >= melody.FIRST_NOTE) % len(WEAKNESS)].mean())


def contour(steps: Steps) -> float:
    """Semitones by which its last two notes lie above its first two, on average."""
    pitches = _pitches(steps)
    return float(pitches[-2:].mean() - pitches[:2].mean())


def _pitches(steps: Steps) -> Steps:
    return steps[steps >= melody.FIRST_NOTE] - melody.FIRST_NOTE + melody.MIN_PITCH


ATTRIBUTES: dict[str, Callable[[Steps], float]] = {
    "density": density,
    "register": register,
    "syncopation": syncopation,
    "contour": contour,
}
"""What can be told of a window [32] in which at least one note begins."""


def measure(
    windows: Steps,
) -> npt.NDArray[np.float64]:
    """Each attribute of each window: [windows, attributes]."""
    return np.array([[attribute(window) for attribute in ATTRIBUTES.values()] for window in windows])


class Attributes:
    """Where the attributes lie."""

    def __init__(self, weights: Array, directions: Array, bias: Array, mean: Array, deviation: Array) -> None:
        """``weights`` and ``directions`` [attributes, z_size], the others [attributes]."""
        self.weights, self.directions, self.bias, self.mean, self.deviation = weights, directions, bias, mean, deviation
        self._effect = weights @ directions.T

    @staticmethod
    def read(path: Path, z_size: int) -> "Attributes":
        """Raises OSError if there is no such file, ValueError with the path and the reason if it is not of the kind."""
        try:
            with safe_open(path, framework="np") as file:
                found = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError) as error:
            raise ValueError(f"{path}: not a safetensors file: {error}") from error
        count = len(ATTRIBUTES)
        rows, each = (count, z_size), (count,)
        wanted = {"weights": rows, "directions": rows, "bias": each, "mean": each, "deviation": each}
        for name, shape in wanted.items():
            if name not in found or found[name].shape != shape:
                got = list(found[name].shape) if name in found else "none"
                raise ValueError(f"{path}: {name} must have shape {list(shape)}, got {got}")
        return Attributes(*(found[name] for name in wanted))

    def told(self, z: Array) -> Array:
        """What the points [n, z_size] are predicted to have, in deviations [n, attributes]."""
        return z @ self.weights.T + self.bias

    def of(self, windows: Steps) -> Array:
        """What the windows have, in deviations [n, attributes]."""
        return ((measure(windows) - self.mean) / self.deviation).astype(np.float32)

    def moved(self, z: Array, amounts: Array) -> Array:
        """Points [n, z_size] moved by so many deviations of each attribute [attributes], together."""
        return z + np.linalg.solve(self._effect, amounts).astype(np.float32) @ self.directions
