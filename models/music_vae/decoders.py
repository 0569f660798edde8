"""Decoders: a latent vector to steps. Source: magenta `models/music_vae/lstm_models.py`.

A decoder makes a *voice* for a batch of latent vectors: something that takes the step before and gives the logits of
the next. Teacher forcing and sampling differ only in whose steps they hand it.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from models.music_vae.configs import Config
from models.music_vae.lstm import Stack, State
from models.music_vae.outputs import Categorical, Groove, Nade, Output
from models.music_vae.weights import Array, Dense, Weights


class Voice(Protocol):
    """A decoder in the midst of a phrase."""

    def advance(self, previous: Array, controls: Array) -> Array:
        """From the step before [batch, depth] and this step's controls [batch, control depth] to logits."""
        ...


class Decoder(Protocol):
    """What the network needs of one."""

    def begin(self, z: Array) -> Voice:
        """A voice for z [batch, z_size], before its first step."""
        ...

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """Draw a step [batch, depth] from logits."""
        ...


class Flat:
    """LSTMs that read the step before, z and the controls, and a dense layer above them."""

    def __init__(
        self, weights: Weights, z_size: int, depth: int, controls: int, sizes: tuple[int, ...], output: Output
    ) -> None:
        self._initial = weights.dense("z_to_initial_state", z_size, 2 * sum(sizes))
        self.stack = Stack(weights.under("multi_rnn_cell"), depth + z_size + controls, sizes)
        self.projection: Dense = weights.dense("output_projection", sizes[-1], output.width)
        self.output = output
        lowest = self.stack.cells[0].input_kernel
        self.from_step, self.from_z, self.from_controls = np.split(lowest, (depth, depth + z_size))

    def initial_state(self, z: Array) -> Array:
        """tanh(dense(z)) [batch, 2 · units of all cells], ordered c, h of the lowest cell, c, h of the next…"""
        return np.tanh(self._initial(z))

    def begin(self, z: Array) -> "FlatVoice":
        """A voice for z [batch, z_size]."""
        constant = z @ self.from_z + self.stack.cells[0].bias
        return FlatVoice(self, constant, self.stack.unflatten(self.initial_state(z)))

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """Draw a step [batch, depth] from logits."""
        return self.output.sample(logits, temperature, rng)


@dataclass
class FlatVoice:
    """The states of a :class:`Flat` decoder; what z adds to the gates never changes and is computed once."""

    decoder: Flat
    constant: Array
    states: list[State]

    def advance(self, previous: Array, controls: Array) -> Array:
        """Logits [batch, width] of the step that follows ``previous``."""
        projected = self.constant + sparse_times(previous, self.decoder.from_step)
        if controls.shape[1]:
            projected = projected + sparse_times(controls, self.decoder.from_controls)
        self.states = self.decoder.stack.step(projected, self.states)
        return self.decoder.projection(self.states[-1].h)


def sparse_times(steps: Array, kernel: Array) -> Array:
    """steps [batch, rows] @ kernel [rows, columns], reading only the rows where a step is not zero."""
    out = np.empty((len(steps), kernel.shape[1]), np.float32)
    for step, result in zip(steps, out, strict=True):
        rows = np.flatnonzero(step)
        if len(rows) == 1 and step[rows[0]] == 1.0:
            result[:] = kernel[rows[0]]
        else:
            np.dot(step[rows], kernel[rows], out=result)
    return out


class Split:
    """A decoder for each part of a step; each sees only its own part of the step before."""

    def __init__(self, decoders: list[Flat], depths: tuple[int, ...]) -> None:
        self.decoders = decoders
        self._edges = np.cumsum(depths)[:-1]

    def begin(self, z: Array) -> "SplitVoice":
        """A voice for z [batch, z_size]."""
        return SplitVoice([decoder.begin(z) for decoder in self.decoders], self._edges)

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """Draw each part of a step [batch, depth]."""
        parts = np.split(logits, self._edges, 1)
        drawn = (d.sample(part, temperature, rng) for d, part in zip(self.decoders, parts, strict=True))
        return np.concatenate(tuple(drawn), 1)


@dataclass
class SplitVoice:
    """The voices of a :class:`Split` decoder."""

    voices: list[FlatVoice]
    edges: "np.ndarray[tuple[int], np.dtype[np.intp]]"

    def advance(self, previous: Array, controls: Array) -> Array:
        """Logits of all parts [batch, width], beside each other."""
        parts = np.split(previous, self.edges, 1)
        return np.concatenate([v.advance(p, controls) for v, p in zip(self.voices, parts, strict=True)], 1)


class Conducted:
    """A conductor that makes one embedding a segment, which is the z of the decoder below it.

    The conductor's own input is zeros [batch, 1] (Magenta's `disable_autoregression`), so that z reaches it by its
    state only; the decoder below begins anew in each segment, but its first previous step is the last segment's last.
    """

    def __init__(self, weights: Weights, z_size: int, sizes: tuple[int, ...], below: Flat | Split, length: int) -> None:
        scope = weights.under("hierarchical_level_0")
        self._initial = scope.dense("initial_state", z_size, 2 * sum(sizes))
        self.stack = Stack(scope, 1, sizes)
        self.below = below
        self.segment_length = length

    def initial_state(self, z: Array) -> Array:
        """tanh(dense(z)), the conductor's state before its first segment."""
        return np.tanh(self._initial(z))

    def begin(self, z: Array) -> "ConductedVoice":
        """A voice for z [batch, z_size]."""
        return ConductedVoice(self, self.stack.unflatten(self.initial_state(z)))

    def sample(self, logits: Array, temperature: float, rng: np.random.Generator) -> Array:
        """Draw a step [batch, depth] from logits."""
        return self.below.sample(logits, temperature, rng)


@dataclass
class ConductedVoice:
    """The conductor's states and the voice of the present segment."""

    decoder: Conducted
    states: list[State]
    voice: FlatVoice | SplitVoice | None = None
    step: int = 0

    def advance(self, previous: Array, controls: Array) -> Array:
        """Logits [batch, width]; begins a segment when one is due."""
        if self.voice is None or self.step % self.decoder.segment_length == 0:
            bias = self.decoder.stack.cells[0].bias  # all that an input of zeros leaves of it
            self.states = self.decoder.stack.step(np.broadcast_to(bias, (len(previous), len(bias))), self.states)
            self.voice = self.decoder.below.begin(self.states[-1].h)
        self.step += 1
        return self.voice.advance(previous, controls)


def build(config: Config, weights: Weights) -> Decoder:
    """The decoder that a configuration asks for."""
    hparams, encoding = config.hparams, config.encoding
    sizes, depths = hparams.dec_rnn_size, encoding.output_depths
    z_size = sizes[-1] if config.decoder_levels else hparams.z_size
    core = weights.under("core_decoder") if config.decoder_levels else weights

    def flat(scope: Weights, parts: tuple[int, ...]) -> Flat:
        scope = scope.under("decoder")
        output: Output
        match config.output:
            case "categorical":
                output = Categorical(parts)
            case "groove":
                output = Groove(sum(parts))
            case "nade":
                output = Nade(scope, sum(parts), hparams.nade_num_hidden)
        return Flat(scope, z_size, sum(parts), encoding.control_depth, sizes, output)

    below: Flat | Split
    if config.split_decoders:
        below = Split([flat(core.under(f"core_decoder_{n}"), (depth,)) for n, depth in enumerate(depths)], depths)
    else:
        below = flat(core, depths)
    if not config.decoder_levels:
        return below
    *upper, length = config.decoder_levels
    if len(upper) != 1 or math.prod(config.decoder_levels) != hparams.max_seq_len:
        raise ValueError(
            f"decoder_levels must be two whose product is max_seq_len {hparams.max_seq_len},"
            f" got {list(config.decoder_levels)}"
        )
    return Conducted(weights.under("decoder"), hparams.z_size, sizes, below, length)
