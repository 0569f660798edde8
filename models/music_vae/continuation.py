"""How melodies go on: a small recurrent network that draws the next two bars' latent vector, in numpy.

It goes over the latent vectors of all segments of two bars heard so far. What comes next is a mixture of normal
distributions: one at each segment heard (it comes again as it was), one near each (it comes again, varied), and a few
that only the network's state gives (something new). Where the chords of what comes next are known, they change that
state. Trained by `training/continuation.py`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from models.music_vae import progression
from models.music_vae.outputs import sigmoid
from models.music_vae.weights import Array, Weights

KIND = "continuation"
HALF_BARS = 4
"""Of a segment, each with its chord."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """What may come next: normal distributions over the dimensions that the predictor knows."""

    logits: Floats
    """[components], normalised."""
    means: Floats
    """[components, known]."""
    deviations: Floats
    """[components, known]."""
    again: int
    """How many components are segments that come again, as they were or varied; they come first."""


class Continuation:
    """The predictor."""

    def __init__(self, path: Path, z_size: int | None = None) -> None:
        """Read its weights. Raises OSError if there are none, ValueError, with the reason, if they are not of the kind.

        ``z_size`` is the melody model's, if it is to be held against.
        """
        try:
            with safe_open(path, framework="np") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
        except (SafetensorError, TypeError) as error:
            raise ValueError(f"{path}: not a safetensors file of float16 or float32: {error}") from error
        if metadata.get("kind") != KIND:
            raise ValueError(f"{path}: the metadata's kind must be {KIND}, got {metadata.get('kind')!r}")
        try:
            self._take(Weights(tensors), {name: array.shape for name, array in tensors.items()})
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if z_size is not None and z_size != self.z_size:
            raise ValueError(f"{path}: the predictor is of {self.z_size} latent dimensions, the model has {z_size}")

    def _take(self, weights: Weights, shapes: dict[str, tuple[int, ...]]) -> None:
        def size(name: str, axis: int) -> int:
            shape = shapes.get(name, ())
            if len(shape) <= axis:
                raise ValueError(f"the predictor has no {name} of {axis + 1} dimensions")
            return shape[axis]

        self.z_size, self.units = size("known", 0), size("gru/recurrent", 0)
        known = weights.take("known", self.z_size)
        self.known = np.flatnonzero(known > 0)
        count, lags, news = len(self.known), size("lag", 1), size("new/bias", 0)
        if not count:
            raise ValueError("the predictor must know at least one dimension")
        self._input = weights.dense("gru/input", count, 3 * self.units)
        self._recurrent = weights.take("gru/recurrent", self.units, 3 * self.units)
        self._recurrent_bias = weights.take("gru/recurrent_bias", 3 * self.units)
        width = size("key/kernel", 1)
        self._key = weights.dense("key", self.units + count, width)
        self._query = weights.dense("query", self.units, width)
        self._lag = weights.take("lag", 2, lags)
        self._deviations = weights.take("again/deviations", 2, count)
        self._keep = weights.take("again/keep", count)
        self._drift = weights.dense("again/drift", self.units, count)
        self._new = weights.dense("new", self.units, news)
        self._means = weights.dense("new/means", self.units, news * count)
        self._new_deviations = weights.dense("new/deviations", self.units, news * count)
        # Files from before it heard chords lack these.
        self._chords = None
        if weights.has("chords/in/kernel"):
            between = size("chords/in/kernel", 1)
            heard = self.units + HALF_BARS * progression.PITCH_CLASSES
            into, out = weights.dense("chords/in", heard, between), weights.dense("chords/out", between, self.units)
            self._chords = into, out

    @property
    def longest(self) -> int:
        """How many segments it looks back on; of more the newest count."""
        return int(self._lag.shape[1])

    def mixture(self, past: npt.ArrayLike, chords: npt.ArrayLike | None = None) -> Mixture:
        """What comes after segments [segments, z_size], oldest first, over the chords [4] of its half bars.

        Chords are classes 0..48, 0 where none is known. Raises ValueError for no segments or other shapes.
        """
        z = np.asarray(past, np.float32)
        if z.ndim != 2 or not len(z) or z.shape[1] != self.z_size or not np.isfinite(z).all():
            raise ValueError(f"past must be finite, of shape [segments, {self.z_size}], got {list(z.shape)}")
        heard = z[-self.longest :][:, self.known]
        states = self._states(heard)
        state = states[-1] if chords is None else self._over(states[-1], chords)
        keys = self._key(np.concatenate((states, heard), 1))
        query = self._query(state)
        half = keys.shape[1] // 2
        scores = [keys[:, part] @ query[part] / np.sqrt(half) for part in (slice(half), slice(half, None))]
        lags = np.arange(len(heard))[::-1]
        logits = np.concatenate([scores[0] + self._lag[0, lags], scores[1] + self._lag[1, lags], self._new(state)])
        news = len(logits) - 2 * len(heard)
        means = np.concatenate(
            (heard, heard * self._keep + self._drift(state), self._means(state).reshape(news, -1)), dtype=np.float64
        )
        deviations = np.concatenate(
            (
                np.repeat(self._deviations, len(heard), 0),
                np.exp(np.clip(self._new_deviations(state), -4.0, 1.0)).reshape(news, -1),
            ),
            dtype=np.float64,
        )
        weighed = logits.astype(np.float64)
        return Mixture(weighed - np.logaddexp.reduce(weighed), means, deviations, 2 * len(heard))

    def draw(
        self,
        past: npt.ArrayLike,
        count: int,
        temperature: float,
        rng: np.random.Generator,
        chords: npt.ArrayLike | None = None,
    ) -> Array:
        """Points [count, z_size] for the segment after those of ``past`` [segments, z_size], oldest first.

        ``chords`` [4] are those of its half bars, classes 0..48, 0 where none is known.
        Each component of the mixture has its share of the draws, and what is drawn of one lies from near its middle to
        as far as it reaches; in random order. ``temperature`` 0 takes the middle of the likeliest, 1 all as learnt,
        above 1 is wilder. Raises ValueError for what cannot be.
        """
        if not temperature >= 0 or not np.isfinite(temperature):
            raise ValueError(f"temperature must be 0 or more, got {temperature}")
        if count < 1:
            raise ValueError(f"count must be 1 or more, got {count}")
        mixture = self.mixture(past, chords)
        points = np.zeros((count, self.z_size), np.float32)
        if temperature == 0:
            points[:, self.known] = mixture.means[int(mixture.logits.argmax())]
            return points
        shares = np.exp(mixture.logits / temperature - np.logaddexp.reduce(mixture.logits / temperature))
        # Evenly spaced in the cumulated shares: as likely as independent draws, but with less chance in it.
        places = (rng.permutation(count) + rng.random()) / count
        chosen = np.minimum(np.searchsorted(np.cumsum(shares), places), len(shares) - 1)
        reach = temperature * (rng.permutation(count) + rng.random()) / count
        noise = rng.standard_normal((count, len(self.known))) * mixture.deviations[chosen]
        points[:, self.known] = mixture.means[chosen] + reach[:, None] * noise
        return points

    def next(self, past: npt.ArrayLike, rng: np.random.Generator, temperature: float = 1.0) -> Array:
        """One point [z_size] for the segment after those of ``past`` [segments, z_size]; see :meth:`draw`."""
        return self.draw(past, 1, temperature, rng)[0]

    def _over(self, state: Array, chords: npt.ArrayLike) -> Array:
        """The state [units] with what the chords [4] change of it."""
        numbers = np.asarray(chords)
        if numbers.shape != (HALF_BARS,) or not np.isin(numbers, np.arange(len(progression.TONES))).all():
            raise ValueError(f"chords must be {HALF_BARS} classes 0..48, got {numbers.tolist()}")
        if self._chords is None or not numbers.any():
            return state
        into, out = self._chords
        found: Array = state + out(np.tanh(into(np.concatenate((state, progression.TONES[numbers].ravel())))))
        return found

    def _states(self, heard: Array) -> Array:
        state = np.zeros(self.units, np.float32)
        states = np.empty((len(heard), self.units), np.float32)
        for number, fed in enumerate(self._input(heard)):
            recurrent = state @ self._recurrent + self._recurrent_bias
            (fed_r, fed_u, fed_n), (r, u, n) = np.split(fed, 3), np.split(recurrent, 3)
            reset, update = sigmoid(fed_r + r), sigmoid(fed_u + u)
            state = (1 - update) * np.tanh(fed_n + reset * n) + update * state
            states[number] = state
        return states
