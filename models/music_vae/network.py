"""MusicVAE in numpy, float32, batch first: encode, teacher-forced logits, decode.

Source: Roberts et al., ICML 2018; magenta `models/music_vae/base_model.py` and `lstm_models.py`. One thread is
fastest: the work is reading matrices from memory, a row at a time.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from models.music_vae import decoders, encoders
from models.music_vae.configs import Config
from models.music_vae.lstm import Lengths
from models.music_vae.weights import Array, Matrix, Wanted, Weights

Precision = Literal["float32", "int8"]


class MusicVaeNetwork:
    """One configuration with its weights."""

    def __init__(
        self,
        config: Config,
        tensors: Mapping[str, npt.NDArray[np.generic]] | Weights,
        precision: Precision = "float32",
    ) -> None:
        """``tensors`` by Magenta's variable names; what is not needed is ignored.

        float32 is exact. int8 keeps the matrices that every step reads in 8 bits, by onnxruntime: nearly the same, and
        about twice as fast for the big configurations; layers must have a multiple of 32 units. Raises ValueError
        naming the first variable that is missing or has another shape.
        """
        self.config = config
        self.precision = precision
        weights = tensors if isinstance(tensors, Weights) else Weights(tensors, stepped=_stepped(precision))
        self.encoder = encoders.build(config, weights)
        self.decoder = decoders.build(config, weights)
        depth, z_size = self.encoder.output_depth, config.hparams.z_size
        self._mu = weights.dense("encoder/mu", depth, z_size)
        # magenta-js has no use for sigma, and its editions of a checkpoint may lack it
        self._sigma = weights.dense("encoder/sigma", depth, z_size) if weights.has("encoder/sigma/kernel") else None

    def encode(
        self, x: npt.ArrayLike, lengths: npt.ArrayLike | None = None, controls: npt.ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """The posterior of phrases: mean mu and standard deviation sigma, both [batch, z_size].

        Where the checkpoint holds nothing of sigma, it is NaN.

        x [batch, time, input depth], lengths [batch] in steps (hierarchical encoders also take [batch, segments]),
        controls [batch, time, control depth]. Raises ValueError for other shapes.
        """
        x = self._steps(x, self.config.encoding.input_depth, "x")
        controls = self._controls(controls, *x.shape[:2])
        embedding = self.encoder(np.concatenate((x, controls), 2), self._lengths(lengths, *x.shape[:2]))
        mu = self._mu(embedding)
        if self._sigma is None:
            return mu, np.full_like(mu, np.nan)
        return mu, np.logaddexp(np.float32(0.0), self._sigma(embedding))

    def teacher_forced(
        self,
        z: npt.ArrayLike,
        y: npt.ArrayLike,
        lengths: npt.ArrayLike | None = None,
        controls: npt.ArrayLike | None = None,
    ) -> Array:
        """Logits [batch, time, width] of each step of y, given those before it.

        z [batch, z_size], y [batch, time, output depth]; width is the output depth, and for NADE its conditioning
        values. Past a row's length (in a hierarchical decoder: a segment's) the logits are zeros.
        """
        y = self._steps(y, self.config.encoding.output_depth, "y")
        batch, time, _ = y.shape
        z = self._latent(z, batch)
        controls = self._controls(controls, batch, time)
        valid = self._valid(self._lengths(lengths, batch, time), time)
        voice = self.decoder.begin(z)
        previous = np.zeros_like(y[:, 0])
        logits: list[Array] = []
        for step in range(time):
            logits.append(np.where(valid[:, step, None], voice.advance(previous, controls[:, step]), np.float32(0.0)))
            previous = y[:, step]
        return np.stack(logits, 1)

    def decode(
        self,
        z: npt.ArrayLike,
        length: int,
        temperature: float = 1.0,
        seed: int | None = None,
        controls: npt.ArrayLike | None = None,
    ) -> Iterator[Array]:
        """Draw ``length`` steps from z [batch, z_size], one at a time: an iterator over steps [batch, output depth].

        Temperature 0 takes the likeliest step. A seed of None or below 0 draws a new one. Controls are [time, control
        depth] for all rows or [batch, time, control depth]. Arguments are checked at once, not at the first step.
        """
        z = self._latent(z, None)
        if not temperature >= 0:
            raise ValueError(f"temperature must be 0 or more, got {temperature}")
        if length < 0 or (self.config.decoder_levels and length > self.config.hparams.max_seq_len):
            raise ValueError(f"length must be 0..{self.config.hparams.max_seq_len} steps, got {length}")
        if controls is not None and np.ndim(controls) == 2:
            controls = np.broadcast_to(np.asarray(controls, np.float32), (len(z), *np.shape(controls)))
        controls = self._controls(controls, len(z), length)
        return self._decode(z, length, temperature, generator(seed), controls)

    def _decode(
        self, z: Array, length: int, temperature: float, rng: np.random.Generator, controls: Array
    ) -> Iterator[Array]:
        voice = self.decoder.begin(z)
        previous = np.zeros((len(z), self.config.encoding.output_depth), np.float32)
        for step in range(length):
            previous = self.decoder.sample(voice.advance(previous, controls[:, step]), temperature, rng)
            yield previous

    def _steps(self, values: npt.ArrayLike, depth: int, name: str) -> Array:
        array = np.asarray(values, np.float32)
        if array.ndim != 3 or array.shape[2] != depth or 0 in array.shape[:2]:
            raise ValueError(f"{name} must have shape [batch, time, {depth}], got {list(array.shape)}")
        return array

    def _latent(self, z: npt.ArrayLike, batch: int | None) -> Array:
        array = np.asarray(z, np.float32)
        size = self.config.hparams.z_size
        if array.ndim != 2 or array.shape[1] != size or (batch is not None and len(array) != batch):
            rows = "batch" if batch is None else str(batch)
            raise ValueError(f"z must have shape [{rows}, {size}], got {list(array.shape)}")
        return array

    def _controls(self, controls: npt.ArrayLike | None, batch: int, time: int) -> Array:
        depth = self.config.encoding.control_depth
        if controls is None:
            if depth:
                raise ValueError(f"{self.config.name} needs controls [batch, time, {depth}], got none")
            return np.zeros((batch, time, 0), np.float32)
        array = np.asarray(controls, np.float32)
        if array.ndim != 3 or array.shape[2] != depth or len(array) != batch or array.shape[1] < time:
            raise ValueError(f"controls must have shape [{batch}, {time}, {depth}], got {list(array.shape)}")
        return array[:, :time]

    @staticmethod
    def _lengths(lengths: npt.ArrayLike | None, batch: int, time: int) -> Lengths:
        array = np.full(batch, time) if lengths is None else np.asarray(lengths)
        if array.ndim not in (1, 2) or len(array) != batch or not np.issubdtype(array.dtype, np.integer):
            raise ValueError(f"lengths must be {batch} whole numbers, got shape {list(array.shape)} of {array.dtype}")
        if (array < 0).any() or (array > time).any():
            raise ValueError(f"lengths must be 0..{time}, got {array.tolist()}")
        return array.astype(np.int64)

    @staticmethod
    def _valid(lengths: Lengths, time: int) -> npt.NDArray[np.bool_]:
        if lengths.ndim == 2:
            segments = lengths.shape[1]
            inside = np.arange(time // segments) < lengths[:, :, None]
            return inside.reshape(len(lengths), time)
        valid: npt.NDArray[np.bool_] = np.arange(time) < lengths[:, None]
        return valid


def _stepped(precision: Precision) -> Callable[[Array], Matrix] | None:
    if precision == "float32":
        return None
    if precision != "int8":
        raise ValueError(f"precision must be float32 or int8, got {precision!r}")
    from models.music_vae.int8 import Int8Matrix  # onnxruntime is not light

    return Int8Matrix


def variables(config: Config) -> dict[str, tuple[int, ...]]:
    """Name and shape of every variable that a configuration needs, in Magenta's naming."""
    shapes: dict[str, tuple[int, ...]] = {}
    MusicVaeNetwork(config, Wanted(shapes))
    return shapes


def generator(seed: int | None) -> np.random.Generator:
    """A source of chance; a seed of None or below 0 draws a new one."""
    return np.random.default_rng(None if seed is None or seed < 0 else seed)
