"""What a decoder's last layer means: the distribution of one step, and how to draw from it.

Source: magenta `models/music_vae/lstm_models.py`, `common/nade.py`; Uria et al., "Neural Autoregressive Distribution
Estimation", JMLR 2016.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.music_vae.weights import Array, Weights


class Output(Protocol):
    """A distribution over a step [batch, depth], given by `width` numbers."""

    width: int

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """logits [batch, width] → a step [batch, depth]; temperature 0 takes the likeliest."""
        ...


class Categorical:
    """One or several classes out of `depths`, each part one-hot."""

    def __init__(self, depths: tuple[int, ...]) -> None:
        self.width = sum(depths)
        self._depths = depths

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """logits [batch, width] → one-hot parts [batch, width]."""
        step = np.zeros_like(logits)
        rows = np.arange(len(logits))
        start = 0
        for depth in self._depths:
            step[rows, start + draw(logits[:, start : start + depth], temperature, rng)] = 1.0
            start += depth
        return step


class Groove:
    """Hits (Bernoulli), velocities (sigmoid) and offsets (tanh) of the drum classes."""

    def __init__(self, depth: int) -> None:
        self.width = depth

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """logits [batch, 3 · classes] → hits 0 or 1, velocities 0..1, offsets -1..1."""
        hits, velocities, offsets = np.split(logits, 3, 1)
        return np.concatenate((flip(hits, temperature, rng), sigmoid(velocities), np.tanh(offsets)), 1)


class Nade:
    """Bits drawn one after another, each knowing those before it; `width` is hidden + bits conditioning values."""

    def __init__(self, weights: Weights, depth: int, hidden: int) -> None:
        self._hidden = hidden
        self._encode = weights.take("nade/w_enc", depth, 1, hidden)[:, 0]
        self._decode = weights.take("nade/w_dec_t", depth, hidden, 1)[:, :, 0]
        self.width = hidden + depth

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """Conditioning values [batch, hidden + bits] → bits [batch, bits]."""
        memory, biases = logits[:, : self._hidden].copy(), logits[:, self._hidden :]
        step = np.zeros_like(biases)
        for bit, (encode, decode) in enumerate(zip(self._encode, self._decode, strict=True)):
            logit = biases[:, bit] + sigmoid(memory) @ decode
            step[:, bit] = flip(logit, temperature, rng)
            memory += step[:, bit, None] * encode
        return step


def draw(logits: Array, temperature: float, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """One class a row of logits [batch, classes]: the likeliest at temperature 0, else by the Gumbel-max trick."""
    if temperature > 0:
        logits = (logits / np.float32(temperature) + rng.gumbel(size=logits.shape)).astype(np.float32)
    likeliest: npt.NDArray[np.intp] = logits.argmax(1)
    return likeliest


def flip(logits: Array, temperature: float, rng: np.random.Generator) -> Array:
    """0 or 1 for each logit; at temperature 0 the likelier, 1 if they are even."""
    if temperature == 0:
        return (logits >= 0).astype(np.float32)
    return (rng.random(logits.shape) < sigmoid(logits / np.float32(temperature))).astype(np.float32)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    halved: Array = np.tanh(x * np.float32(0.5))
    return halved * np.float32(0.5) + np.float32(0.5)
