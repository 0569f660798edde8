"""Encoders: a phrase to one embedding. Source: magenta `models/music_vae/lstm_models.py`."""

import math
from typing import Protocol

import numpy as np

from models.music_vae.configs import Config
from models.music_vae.lstm import Cell, Lengths, backwards, run
from models.music_vae.weights import Array, Weights


class Encoder(Protocol):
    """What the network needs of one."""

    output_depth: int

    def __call__(self, x: Array, lengths: Lengths) -> Array:
        """x [batch, time, depth], lengths [batch] or [batch, segments] → [batch, output_depth]."""
        ...


class Bidirectional:
    """Layers of forward and backward LSTMs; the embedding is the top layer's two last outputs."""

    def __init__(self, weights: Weights, inputs: int, sizes: tuple[int, ...]) -> None:
        self._layers: list[tuple[Cell, Cell]] = []
        for number, units in enumerate(sizes):
            both = weights.under(f"cell_{number}/bidirectional_rnn")
            self._layers.append(
                (
                    Cell(both.under("fw/multi_rnn_cell/cell_0/lstm_cell"), inputs, units),
                    Cell(both.under("bw/multi_rnn_cell/cell_0/lstm_cell"), inputs, units),
                )
            )
            inputs = 2 * units
        self.output_depth = inputs

    def __call__(self, x: Array, lengths: Lengths) -> Array:
        """x [batch, time, depth], lengths [batch] → [batch, output_depth]."""
        if lengths.ndim != 1:
            raise ValueError(f"lengths must be one number a row, got shape {list(lengths.shape)}")
        for forward, backward in self._layers:
            seen, last_forward = run(forward, x, lengths)
            back, last_backward = run(backward, backwards(x, lengths), lengths)
            x = np.concatenate((seen, backwards(back, lengths)), 2)
        return np.concatenate((last_forward.h, last_backward.h), 1)


class Hierarchical:
    """An encoder for segments, and one for the segments' embeddings, and so on to a single one."""

    def __init__(self, weights: Weights, inputs: int, sizes: tuple[int, ...], levels: tuple[int, ...]) -> None:
        self._levels = levels
        self._encoders: list[Bidirectional] = []
        for number in range(len(levels)):
            encoder = Bidirectional(weights.under(f"hierarchical_level_{number}"), inputs, sizes)
            self._encoders.append(encoder)
            inputs = encoder.output_depth
        self.output_depth = inputs

    def __call__(self, x: Array, lengths: Lengths) -> Array:
        """x [batch, product of levels, depth], lengths [batch, segments] or [batch], all or nothing."""
        batch, time, _ = x.shape
        if time != math.prod(self._levels):
            raise ValueError(f"this encoder reads exactly {math.prod(self._levels)} steps, got {time}")
        lengths = split_lengths(lengths, time // self._levels[0], time)
        for length, encoder in zip(self._levels, self._encoders, strict=True):
            segments = x.shape[1] // length
            if lengths.shape[1] != segments:  # above the lowest level, segments are always whole
                lengths = np.full((batch, segments), length, np.int64)
            embeddings = encoder(x.reshape(batch * segments, length, -1), lengths.reshape(-1))
            x = embeddings.reshape(batch, segments, -1)
        return x[:, 0]


def split_lengths(lengths: Lengths, segments: int, total: int) -> Lengths:
    """Lengths a segment [batch, segments], from those or whole ones [batch], each 0 or ``total``."""
    if lengths.ndim == 1:
        if not np.isin(lengths, (0, total)).all():
            raise ValueError(f"lengths of whole phrases must be 0 or {total} here, got {lengths.tolist()}")
        return np.repeat(lengths[:, None] // segments, segments, 1)
    if lengths.shape[1] != segments or (lengths > total // segments).any():
        raise ValueError(
            f"lengths must be {segments} a row, each at most {total // segments}; got shape {list(lengths.shape)},"
            f" greatest {int(lengths.max(initial=0))}"
        )
    return lengths


def build(config: Config, weights: Weights) -> Encoder:
    """The encoder that a configuration asks for."""
    inputs = config.encoding.input_depth + config.encoding.control_depth
    sizes = config.hparams.enc_rnn_size
    if config.encoder_levels:
        return Hierarchical(weights.under("encoder"), inputs, sizes, config.encoder_levels)
    return Bidirectional(weights.under("encoder"), inputs, sizes)
