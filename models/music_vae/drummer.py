"""The drum networks as the uses play them: which drums are hit, how they are played, and what goes with taps."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.music_vae.attributes import Attributes
from models.music_vae.checkpoints import own
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drum_hearing import WINDOW
from models.music_vae.encodings import drum_steps, groove_steps
from models.music_vae.network import MusicVaeNetwork
from models.music_vae.outputs import sigmoid
from models.music_vae.prior import Prior
from models.music_vae.weights import Array

ATTEMPTS = 4
"""How often two bars are drawn before what came is taken."""
ENOUGH = 4
"""Fewer hits than this in two bars are silence."""


PLAIN = np.float32(0.7)
"""How loud hits are that nothing is known of."""
DRUMS = "cat-drums_2bar_small"
GROOVE = "groovae_2bar_humanize"
TAP = "groovae_2bar_tap_fixed_velocity"
ACCENT, REST = 1.0, 8.0
"""How much likelier, in logits, kick and snare are where a tap is loud; how much less likely all is where none is."""
ACCENTS = slice(0, 2)
"""Kick and snare."""


class Drummer:
    """Three networks: which drums are hit, how hits are played, and drums to a tapped rhythm."""

    def __init__(self, weights: Sequence[Path], prior: Path | None = None, attributes: Path | None = None) -> None:
        """Read the weights, in any order, and where the drum network's points and their attributes lie.

        Raises OSError or ValueError with the reason; a network that is missing is told of where it is needed.
        """
        self._networks: dict[str, MusicVaeNetwork] = {}
        for path in weights:
            config, tensors = own.read(path)
            self._networks[config.name] = MusicVaeNetwork(config, tensors)
        self._priors = {name: Prior.standard(net.config.hparams.z_size) for name, net in self._networks.items()}
        if prior:
            self._priors[DRUMS] = Prior.read(prior, self.drums.config.hparams.z_size)
        self._attributes = Attributes.read(attributes, self.drums.config.hparams.z_size) if attributes else None
        self._none = np.zeros((1, 0), np.float32)

    def network(self, config: str) -> MusicVaeNetwork:
        """The network of a configuration. Raises ValueError where its weights were not among those given."""
        if config not in self._networks:
            raise ValueError(f"this needs weights of {config}, got those of {', '.join(self._networks) or 'none'}")
        return self._networks[config]

    def prior(self, config: str) -> Prior:
        """Where the points of a network lie. Raises ValueError as :meth:`network` does."""
        self.network(config)
        return self._priors[config]

    @property
    def attributes(self) -> Attributes:
        """Where `drum_attributes` lie. Raises ValueError where their weights are missing."""
        if self._attributes is None:
            raise ValueError("morphing needs the attributes' weights, which are missing")
        return self._attributes

    @property
    def drums(self) -> MusicVaeNetwork:
        """Which drums are hit."""
        return self.network(DRUMS)

    @property
    def groove(self) -> MusicVaeNetwork:
        """How hits are played."""
        return self.network(GROOVE)

    def encode_hits(self, hits: Array) -> Array:
        """The drum network's mean [1, z_size] of hits [32, 9]."""
        return self.posterior(hits[None])[0]

    def posterior(self, hits: Array) -> tuple[Array, Array]:
        """The drum network's means and standard deviations [batch, z_size] of hits [batch, 32, 9]."""
        silent = 1.0 - hits.max(2, keepdims=True)
        mean, deviation = self.drums.encode(np.concatenate((hits, silent), 2))
        return mean, np.nan_to_num(deviation, nan=1.0)

    def draw_hits(
        self, draw: Callable[[float], tuple[Array, float]], steps: int, rng: np.random.Generator, enough: int = ENOUGH
    ) -> Array:
        """Hits [32, 9] from the point [1, z_size] and the temperature that ``draw(farther)`` gives.

        Fewer than ``enough`` hits in the first ``steps`` steps are drawn again, up to ``farther`` 1.
        """
        hits = np.zeros((WINDOW, DRUM_CLASSES), np.float32)
        for attempt in range(ATTEMPTS):
            z, temperature = draw(attempt / (ATTEMPTS - 1))
            hits[:] = 0.0
            voice = self.drums.decoder.begin(z)
            previous = np.zeros((1, 1 << DRUM_CLASSES), np.float32)
            for step in range(steps):
                logits = voice.advance(previous, self._none)
                previous = self.drums.decoder.sample(logits, temperature, rng)
                hits[step, list(drum_steps.hits(int(previous[0].argmax())))] = 1.0
            if hits.sum() >= enough:
                break
        return hits

    def played(self, hits: Array) -> Array:
        """A groove [32, 27] of exactly these hits [32, 9], each as loud and as early or late as a drummer's.

        Without the groove network all are as loud and on the grid.
        """
        if GROOVE not in self._networks:
            return np.concatenate((hits, PLAIN * hits, 0.0 * hits), 1)
        heard = np.zeros((WINDOW, 3 * DRUM_CLASSES), np.float32)
        heard[:, :DRUM_CLASSES] = hits
        mean = self.groove.encode(heard[None])[0]
        voice = self.groove.decoder.begin(mean)
        groove = np.zeros((WINDOW, 3 * DRUM_CLASSES), np.float32)
        previous = np.zeros((1, 3 * DRUM_CLASSES), np.float32)
        for step in range(WINDOW):
            _, velocities, offsets = np.split(voice.advance(previous, self._none)[0], 3)
            struck = hits[step]
            groove[step] = np.concatenate((struck, struck * sigmoid(velocities), struck * np.tanh(offsets)))
            previous = groove[step][None]
        return groove

    def tapped(self, taps: Array, steps: int, strength: float, temperature: float, rng: np.random.Generator) -> Array:
        """A groove [32, 27] to taps [32, 27], which are the hits of one drum.

        It is led to hit something at each tap, kick and snare rather where it is loud, and nothing elsewhere;
        ``strength`` 1 is much, 0 not at all.
        """
        network = self.network(TAP)
        loudness = taps[:, DRUM_CLASSES : 2 * DRUM_CLASSES].max(1)
        loud = loudness >= np.median(loudness[loudness > 0])
        voice = network.decoder.begin(network.encode(groove_steps.heard(network.config.encoding, taps)[None])[0])
        groove = np.zeros((WINDOW, 3 * DRUM_CLASSES), np.float32)
        previous = np.zeros((1, 3 * DRUM_CLASSES), np.float32)
        for step in range(steps):
            logits = voice.advance(previous, self._none)
            leaning = np.zeros_like(logits)
            leaning[:, ACCENTS] = strength * ACCENT * loud[step]
            if not loudness[step]:
                leaning[:, :DRUM_CLASSES] = -strength * REST
            hits, velocities, offsets = np.split(network.decoder.sample(logits + leaning, temperature, rng)[0], 3)
            if loudness[step] and strength > 0 and not hits.any():
                hits[logits[0, :DRUM_CLASSES].argmax()] = 1.0
            groove[step] = np.concatenate((hits, hits * velocities, hits * offsets))
            previous = groove[step][None]
        return groove
