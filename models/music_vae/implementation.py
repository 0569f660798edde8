"""The melody player: a call's last bars to a latent vector, varied, and back to notes step by step."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from models.contract import Note, Phrase, Value
from models.music_vae import melody
from models.music_vae.checkpoints import own
from models.music_vae.declaration import MusicVae
from models.music_vae.hearing import WINDOW_BARS, Heard, Window, hear
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar, model_bars
from models.music_vae.network import MusicVaeNetwork, generator
from models.music_vae.threads import use_one_thread
from models.music_vae.weights import Array

WEIGHTS = Path(__file__).parent.parent / "weights" / MusicVae.weights[0]
CONFIG = "cat-mel_2bar_small"
MAX_BARS = 64
ATTEMPTS = 4
"""How often a segment is drawn before notes on its downbeats are made certain."""
ENOUGH = 2
"""Fewer onsets than this in two bars are silence or a drone; only variation 0 gives back a call that has as few."""
WIDEST = 0.7
"""The share of the way from the call to an unrelated melody that variation 1 goes; the key is lost beyond."""
LEANING = 4.0
"""By how much, in logits and for the whole way, notes outside the call's key are made less likely."""


class MusicVaePlayer:
    """Answers with MusicVAE's two-bar melody model, in segments of two model bars.

    Each segment is decoded from z, a point on the arc from what was heard (the posterior's mean of two bars of the
    call) to a random draw from the prior; ``variation`` says how far along. The farther, the less likely notes outside
    the call's key are made: the prior knows all keys alike. The last segment answers the call's last two bars, the one
    before the two before those, and so on, over again if the call is shorter.

    A segment with fewer than :data:`ENOUGH` onsets is drawn again, farther along the arc and warmer each time; the
    last attempt makes the model choose a note on each downbeat. Nothing of a segment is given away before it is known
    to be kept, so that the notes stay in order and final.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        """Read the weights and go through the motions once. Raises OSError or ValueError with the reason."""
        use_one_thread()
        config, tensors = own.read(weights)
        if config.name != CONFIG:
            raise ValueError(f"{weights}: the player's config must be {CONFIG}, got {config.name}")
        self.network = MusicVaeNetwork(config, tensors)
        self._controls = np.zeros((1, 0), np.float32)
        warm = Phrase((Note(60, 80, 0.0, 1.0), Note(62, 80, 1.0, 1.0)), bars=2)
        for _ in self.answer(warm, 2, {"temperature": 1.0, "variation": 0.5, "seed": 0}):
            pass

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield the answer's notes in order of start, in beats; see :class:`models.contract.NotePlayer`.

        Raises ValueError, before the first note, for a call without notes, bars outside 1..64 or a parameter out of
        its range.
        """
        chosen = {name: _checked(name, params) for name in ("temperature", "variation", "seed")}
        if not 1 <= bars <= MAX_BARS:
            raise ValueError(f"bars must be 1..{MAX_BARS}, got {bars}")
        return self._answer(hear(call), model_bars(bars, call.beats_per_bar), chosen)

    def _answer(self, heard: Heard, bars: list[ModelBar], params: Mapping[str, float]) -> Iterator[Note]:
        rng = generator(int(params["seed"]))
        segments = [bars[first : first + WINDOW_BARS] for first in range(0, len(bars), WINDOW_BARS)]
        for number, segment in enumerate(segments):
            window = heard.windows[(number - len(segments)) % len(heard.windows)]
            for start, end, pitch in self._segment(heard, window, segment, params, rng):
                yield Note(heard.pitch(pitch), window.velocities[start], *_beats(segment, start, end), heard.channel)

    def _segment(
        self,
        heard: Heard,
        window: Window,
        bars: list[ModelBar],
        params: Mapping[str, float],
        rng: np.random.Generator,
    ) -> Iterator[melody.StepNote]:
        """Notes in steps of this segment: start, end, decoded pitch."""
        mean = self._encode(window)
        enough = ENOUGH if params["variation"] > 0 else min(ENOUGH, window.onsets)
        for attempt in range(ATTEMPTS):
            farther = attempt / (ATTEMPTS - 1)
            along = WIDEST * (params["variation"] + (1 - params["variation"]) * farther)
            z = slerp(mean, rng.standard_normal(mean.shape).astype(np.float32), along)
            warmth = max(params["temperature"], farther)
            lean = np.where(heard.foreign, np.float32(-LEANING * along), np.float32(0.0))
            kept: list[melody.StepNote] = []
            onsets = 0
            for onsets, note in self._notes(z, lean, warmth, rng, bars, certain=attempt == ATTEMPTS - 1):
                if note is not None:
                    kept.append(note)
                if onsets >= enough:
                    yield from kept
                    kept.clear()
            if onsets >= enough:
                return
        yield from kept

    def _notes(
        self,
        z: Array,
        lean: Array,
        temperature: float,
        rng: np.random.Generator,
        bars: list[ModelBar],
        *,
        certain: bool,
    ) -> Iterator[tuple[int, melody.StepNote | None]]:
        """Decode z, yielding at each event how many notes have begun, and the note that it ends if it ends one."""
        voice = self.network.decoder.begin(z)
        previous = np.zeros((1, melody.CLASSES), np.float32)
        sounding: tuple[int, int] | None = None
        onsets = 0
        for step in range(STEPS * len(bars)):
            bar, within = bars[step // STEPS], step % STEPS
            logits = voice.advance(previous, self._controls) + lean
            if certain and within == 0:
                logits[:, : melody.FIRST_NOTE] = -np.inf
            previous = self.network.decoder.sample(logits, temperature, rng)
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

    def _encode(self, window: Window) -> Array:
        x = np.zeros((1, len(window.steps), melody.CLASSES), np.float32)
        x[0, np.arange(len(window.steps)), window.steps] = 1.0
        return self.network.encode(x)[0]


def slerp(start: Array, end: Array, along: float) -> Array:
    """The point ``along`` (0..1) the arc from ``start`` to ``end``, both [1, z_size]; their lengths are blended.

    Source: Shoemake, "Animating rotation with quaternion curves", 1985; magenta `trained_model.py` interpolate.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) < 1e-6:
        return np.float32(1 - along) * start + np.float32(along) * end
    cosine = float(np.clip((start * end).sum() / (lengths[0] * lengths[1]), -1.0, 1.0))
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:
        return np.float32(1 - along) * start + np.float32(along) * end
    return (
        np.float32(np.sin((1 - along) * angle) / np.sin(angle)) * start
        + np.float32(np.sin(along * angle) / np.sin(angle)) * end
    )


def _beats(bars: list[ModelBar], start: int, end: int) -> tuple[float, float]:
    """Start and duration in beats of a note in steps of a segment."""
    onset = bars[start // STEPS].beat_of(start % STEPS)
    number, step = divmod(end, STEPS)
    over = bars[number].beat_of(step) if step else bars[number - 1].beat_of(STEPS)
    return onset, over - onset


def _checked(name: str, params: Mapping[str, Value]) -> float:
    param = MusicVae.params()[name]
    value = params.get(name, param.default)
    if isinstance(value, str) or param.low is None or param.high is None or not param.low <= value <= param.high:
        raise ValueError(f"{name} must be {param.low}..{param.high}, got {value!r}")
    return float(value)
