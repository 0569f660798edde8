"""The drum networks as the uses play them: which drums are hit, and how they are played."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.music_vae.checkpoints import own
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drum_hearing import WINDOW
from models.music_vae.encodings import drum_steps
from models.music_vae.metre import STEPS_PER_BEAT
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
CANDIDATES = 16
FILL, ACCENT, SPARE = 4.0, 2.0, 2.0
"""How much less likely, in logits, are: no hit where there is a tap, neither kick nor snare where it is loud, anything
but hats and ride between beats where there is none."""
ACCENTS = (0, 1)
"""Kick and snare."""
HATS = (2, 3, 8)
"""Hats and ride, which keep the time."""
_CLASSES = (np.arange(1 << DRUM_CLASSES)[:, None] >> np.arange(DRUM_CLASSES)) & 1
"""What each class of the drum network hits [512, 9]."""
_STRUCK = _CLASSES[:, ACCENTS].any(1)
"""Classes with a kick or a snare."""
_QUIET = ~np.delete(_CLASSES, HATS, 1).any(1)
"""Classes of nothing but hats and ride, or of nothing."""


class Drummer:
    """Two networks: which drums are hit, and how hits are played."""

    def __init__(self, weights: Sequence[Path], prior: Path | None = None) -> None:
        """Read the weights, in any order, and where the drum network's points lie.

        Raises OSError or ValueError with the reason; a network that is missing is told of where it is needed.
        """
        self._networks: dict[str, MusicVaeNetwork] = {}
        for path in weights:
            config, tensors = own.read(path)
            self._networks[config.name] = MusicVaeNetwork(config, tensors)
        self._priors = {name: Prior.standard(net.config.hparams.z_size) for name, net in self._networks.items()}
        if prior:
            self._priors[DRUMS] = Prior.read(prior, self.drums.config.hparams.z_size)
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

    def led(self, taps: Array, steps: int, strength: float, temperature: float, rng: np.random.Generator) -> Array:
        """Hits [32, 9] to a rhythm, by velocities of taps [32], 0 where there is none.

        Several points are drawn from where drums lie and decoded with hits made likelier where there are taps, kicks
        and snares where they are loud, and all but hats and ride less likely elsewhere, unless on a beat; ``strength``
        1 is much, 0 not at all. That row is kept for which the rhythm was likeliest without being led.
        """
        tapped = taps > 0
        between = ~tapped & (np.arange(WINDOW) % STEPS_PER_BEAT > 0)
        loud = taps >= np.median(taps[tapped])
        lean = np.zeros((WINDOW, len(_CLASSES)), np.float32)
        lean[np.ix_(tapped, _CLASSES.sum(1) == 0)] -= strength * FILL
        lean[np.ix_(tapped & loud, ~_STRUCK)] -= strength * ACCENT
        lean[np.ix_(between, _CLASSES.any(1))] -= strength
        lean[np.ix_(between, ~_QUIET)] -= strength * SPARE
        z = np.concatenate([self.prior(DRUMS).draw(rng) for _ in range(CANDIDATES)])
        voice = self.drums.decoder.begin(z)
        previous = np.zeros((CANDIDATES, len(_CLASSES)), np.float32)
        none = np.zeros((CANDIDATES, 0), np.float32)
        fit = np.zeros(CANDIDATES)
        hits = np.zeros((CANDIDATES, WINDOW, DRUM_CLASSES), np.float32)
        for step in range(steps):
            logits = voice.advance(previous, none)
            meant = _STRUCK if tapped[step] and loud[step] else _CLASSES.any(1) if tapped[step] else _QUIET
            if tapped[step] or between[step]:
                fit += np.logaddexp.reduce(logits[:, meant], 1) - np.logaddexp.reduce(logits, 1)
            previous = self.drums.decoder.sample(logits + lean[step], temperature, rng)
            hits[:, step] = _CLASSES[previous.argmax(1)]
        return hits[int(fit.argmax())]
