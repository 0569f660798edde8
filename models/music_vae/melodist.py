"""The melody network as the uses play it: windows to points of the latent space, and points to notes, step by step."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.contract import Note
from models.music_vae import leaning, melody
from models.music_vae.checkpoints import own
from models.music_vae.configs import CHORD_CLASSES
from models.music_vae.hearing import Heard, Window
from models.music_vae.leaning import Harmony, Pull
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar
from models.music_vae.network import MusicVaeNetwork
from models.music_vae.progression import Progression
from models.music_vae.weights import Array

CONFIG = "cat-mel_2bar_small"
CHORDS_CONFIG = "cat-mel_2bar_med_chords"
PULL = Pull(1.5, 0.0, 3.0)
"""What leans the notes of the network that knows chords besides."""
ATTEMPTS = 4
"""How often a segment is drawn before notes on its downbeats are made certain."""
ENOUGH = 2
"""Fewer onsets than this in two bars are silence or a drone."""

Known = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Draw(NamedTuple):
    """What a segment is decoded from."""

    z: Array
    """[1, z_size]."""
    harmony: Harmony
    temperature: float


class Melodist:
    """The melody network, and how it plays."""

    def __init__(self, weights: Path, over_chords: Path | None = None) -> None:
        """Read the weights, and those of the network that is taken where there are chords, if there is one.

        Raises OSError or ValueError with the reason.
        """
        config, tensors = own.read(weights)
        if config.name != CONFIG:
            raise ValueError(f"{weights}: the player's config must be {CONFIG}, got {config.name}")
        self.network = MusicVaeNetwork(config, tensors)
        self.z_size = config.hparams.z_size
        self.over_chords: MusicVaeNetwork | None = None
        self.pull = PULL
        if over_chords is not None:
            config, chorded = own.read(over_chords)
            if config.name != CHORDS_CONFIG:
                raise ValueError(f"{over_chords}: the config must be {CHORDS_CONFIG}, got {config.name}")
            mean = "encoder/mu/kernel"
            if mean not in chorded or not np.array_equal(chorded[mean], tensors[mean]):
                raise ValueError(f"{over_chords}: the encoder must be that of {weights}, got another")
            self.over_chords = MusicVaeNetwork(config, chorded)

    def harmony(self, heard: Heard, bars: list[ModelBar], progression: Progression, strength: float) -> Harmony:
        """What steers a segment; ``strength`` is by how much, in logits, notes outside the key are less likely."""
        return leaning.harmony(heard, bars, progression, strength, self.pull if self.over_chords else leaning.ALONE)

    def begin(self, z: Array, chords: melody.Steps | None) -> Callable[[Array, int], Array]:
        """Begin with z [batch, z_size] over the chords [steps]; returns what goes on from step to step, in order.

        It takes the step before [batch, 90] and a step's number to the logits [batch, 90] of that step.
        Where there are chords the network that knows them is taken, if there is one.
        """
        if self.over_chords is not None and chords is not None and chords.any():
            return self.over(self.over_chords, z, chords)
        voice = self.network.decoder.begin(z)
        none = np.zeros((len(z), 0), np.float32)
        return lambda previous, step: voice.advance(previous, none)

    @staticmethod
    def over(network: MusicVaeNetwork, z: Array, chords: melody.Steps) -> Callable[[Array, int], Array]:
        """The same by a network that knows chords, class 0 for none."""
        voice = network.decoder.begin(z)
        rows = np.repeat(np.eye(CHORD_CLASSES, dtype=np.float32)[chords][:, None], len(z), 1)
        return lambda previous, step: voice.advance(previous, rows[step])

    def encode(self, windows: list[Window]) -> Array:
        """The posterior's means [windows, z_size]."""
        return self.encode_steps(np.array([window.steps for window in windows]))

    def encode_steps(self, steps: melody.Steps) -> Array:
        """The posterior's means [batch, z_size] of steps of classes [batch, 32]."""
        return self.network.encode(np.eye(melody.CLASSES, dtype=np.float32)[steps])[0]

    def posterior(self, steps: melody.Steps) -> tuple[Array, Array]:
        """Means and standard deviations [batch, z_size] of steps of classes [batch, 32]."""
        mean, deviation = self.network.encode(np.eye(melody.CLASSES, dtype=np.float32)[steps])
        return mean, np.nan_to_num(deviation, nan=1.0)

    def segment(
        self, bars: list[ModelBar], draw: Callable[[float], Draw], rng: np.random.Generator, enough: int = ENOUGH
    ) -> Iterator[melody.StepNote]:
        """Decode up to two model bars, yielding notes (start, end, decoded pitch, in steps) in order.

        ``draw(farther)`` says what from; ``farther`` is 0 at first. With fewer than ``enough`` onsets the segment is
        drawn again, up to ``farther`` 1, where the model is made to choose a note on each downbeat. Nothing is given
        away before it is known to be kept, so that the notes stay in order and final.
        """
        for attempt in range(ATTEMPTS):
            drawn = draw(attempt / (ATTEMPTS - 1))
            kept: list[melody.StepNote] = []
            onsets = 0
            for onsets, note in self._notes(drawn, rng, bars, certain=attempt == ATTEMPTS - 1):
                if note is not None:
                    kept.append(note)
                if onsets >= enough:
                    yield from kept
                    kept.clear()
            if onsets >= enough:
                return
        yield from kept

    def fill(
        self,
        z: Array,
        steps: melody.Steps,
        known: Known,
        certain: Known,
        harmony: Harmony,
        temperature: float,
        rng: np.random.Generator,
    ) -> tuple[melody.Steps, Floats]:
        """Decode rows of z [batch, z_size] through steps [32] of which some are ``known`` and the others drawn.

        Where ``certain`` [batch, 32] a note begins. Returns all steps [batch, 32], and how likely the known ones were
        in each row, in nats [batch].
        """
        advance = self.begin(z, harmony.chords)
        previous = np.zeros((len(z), melody.CLASSES), np.float32)
        filled = np.tile(steps, (len(z), 1))
        fit = np.zeros(len(z))
        for step, (event, given) in enumerate(zip(steps.tolist(), known.tolist(), strict=True)):
            logits = advance(previous, step)
            if given:
                fit += logits[:, event] - np.logaddexp.reduce(logits, 1)
                previous = np.zeros_like(previous)
                previous[:, event] = 1.0
            else:
                logits = logits + harmony.lean[step]
                logits[certain[:, step], : melody.FIRST_NOTE] = -np.inf
                previous = self.network.decoder.sample(logits, temperature, rng)
                filled[:, step] = previous.argmax(1)
        return filled, fit

    def _notes(
        self, drawn: Draw, rng: np.random.Generator, bars: list[ModelBar], *, certain: bool
    ) -> Iterator[tuple[int, melody.StepNote | None]]:
        """Decode, yielding at each event how many notes have begun, and the note that it ends if it ends one."""
        advance = self.begin(drawn.z, drawn.harmony.chords)
        previous = np.zeros((1, melody.CLASSES), np.float32)
        sounding: tuple[int, int] | None = None
        onsets = 0
        lean = drawn.harmony.lean
        for step in range(STEPS * len(bars)):
            bar, within = bars[step // STEPS], step % STEPS
            logits = advance(previous, step) + (lean[step] if lean.ndim == 2 else lean)
            if certain and within == 0:
                logits[:, : melody.FIRST_NOTE] = -np.inf
            previous = self.network.decoder.sample(logits, drawn.temperature, rng)
            event = int(previous[0].argmax())
            if event == melody.NO_EVENT:
                continue
            ended = None if sounding is None else (sounding[0], step, sounding[1])
            sounding = None
            if event >= melody.FIRST_NOTE and within < bar.beats * STEPS_PER_BEAT:
                sounding = step, event - melody.FIRST_NOTE + melody.MIN_PITCH
                onsets += 1
            yield onsets, ended
        if sounding is not None:
            yield onsets, (sounding[0], STEPS * len(bars), sounding[1])


def note_of(heard: Heard, window: Window, bars: list[ModelBar], note: melody.StepNote) -> Note:
    """A note of a segment in beats of the answer, in the register that was heard, as loud as the window was there."""
    start, end, pitch = note
    return Note(heard.pitch(pitch), window.velocities[start], *beats(bars, start, end), heard.channel)


def beats(bars: list[ModelBar], start: int, end: int) -> tuple[float, float]:
    """Start and duration in beats of a note in steps of a segment."""
    onset = bars[start // STEPS].beat_of(start % STEPS)
    number, step = divmod(end, STEPS)
    over = bars[number].beat_of(step) if step else bars[number - 1].beat_of(STEPS)
    return onset, over - onset
