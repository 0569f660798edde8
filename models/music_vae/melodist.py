"""The melody network as the uses play it: windows to points of the latent space, and points to notes, step by step."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from models.contract import Note
from models.music_vae import melody
from models.music_vae.checkpoints import own
from models.music_vae.hearing import Heard, Window
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar
from models.music_vae.network import MusicVaeNetwork
from models.music_vae.weights import Array

CONFIG = "cat-mel_2bar_small"
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
    lean: Array
    """What is added to the logits: [90], or [steps, 90]."""
    temperature: float


class Melodist:
    """The melody network, and how it plays."""

    def __init__(self, weights: Path) -> None:
        """Read the weights. Raises OSError or ValueError with the reason."""
        config, tensors = own.read(weights)
        if config.name != CONFIG:
            raise ValueError(f"{weights}: the player's config must be {CONFIG}, got {config.name}")
        self.network = MusicVaeNetwork(config, tensors)
        self.z_size = config.hparams.z_size
        self._controls = np.zeros((1, 0), np.float32)

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
        lean: Array,
        temperature: float,
        rng: np.random.Generator,
    ) -> tuple[melody.Steps, Floats]:
        """Decode rows of z [batch, z_size] through steps [32] of which some are ``known`` and the others drawn.

        Where ``certain`` [batch, 32] a note begins. Returns all steps [batch, 32], and how likely the known ones were
        in each row, in nats [batch].
        """
        voice = self.network.decoder.begin(z)
        previous = np.zeros((len(z), melody.CLASSES), np.float32)
        filled = np.tile(steps, (len(z), 1))
        fit = np.zeros(len(z))
        controls = np.zeros((len(z), 0), np.float32)
        for step, (event, given) in enumerate(zip(steps.tolist(), known.tolist(), strict=True)):
            logits = voice.advance(previous, controls)
            if given:
                fit += logits[:, event] - np.logaddexp.reduce(logits, 1)
                previous = np.zeros_like(previous)
                previous[:, event] = 1.0
            else:
                logits = logits + lean[step]
                logits[certain[:, step], : melody.FIRST_NOTE] = -np.inf
                previous = self.network.decoder.sample(logits, temperature, rng)
                filled[:, step] = previous.argmax(1)
        return filled, fit

    def _notes(
        self, drawn: Draw, rng: np.random.Generator, bars: list[ModelBar], *, certain: bool
    ) -> Iterator[tuple[int, melody.StepNote | None]]:
        """Decode, yielding at each event how many notes have begun, and the note that it ends if it ends one."""
        voice = self.network.decoder.begin(drawn.z)
        previous = np.zeros((1, melody.CLASSES), np.float32)
        sounding: tuple[int, int] | None = None
        onsets = 0
        lean = drawn.lean
        for step in range(STEPS * len(bars)):
            bar, within = bars[step // STEPS], step % STEPS
            logits = voice.advance(previous, self._controls) + (lean[step] if lean.ndim == 2 else lean)
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
