"""Continue: what comes after what was heard, for any number of bars.

Each segment's z is drawn by the predictor, which knows all segments before it, the played ones and its own; it is
decoded step by step, and its notes leave before the last step is known. What was decoded is encoded again before the
next segment, so that the predictor goes by what is really played. Of many draws one is taken; those are likelier that
are as dense and lie as high as what was heard, that lie as far from the middle of the latent space (there melodies are
few notes over and over), and that do not merely repeat a segment.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from models.contract import Note
from models.music_vae import melody
from models.music_vae.attributes import ATTRIBUTES, Attributes
from models.music_vae.hearing import WINDOW_BARS, Heard
from models.music_vae.leaning import Harmony
from models.music_vae.melodist import Draw, Melodist, note_of
from models.music_vae.metre import STEPS, ModelBar
from models.music_vae.network import generator
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

LEANING = 3.0
"""By how much, in logits, notes outside the key are made less likely."""
LONGEST = 16
"""Segments that the predictor is given, the newest."""
DRAWS = 32
FOLLOWING = 0.7
"""How much less likely a draw is that is a deviation away in density or register, in nats."""
TYPICAL = 3.0
"""The same, for each unit that its length differs from that of what was heard."""
REPEATING = 6.0
"""The same, for one that is a segment heard before; half as much half of NEAR away from it."""
NEAR = 0.7
"""Of the usual length."""
FOLLOWED = [list(ATTRIBUTES).index(name) for name in ("density", "register")]


class Predictor(Protocol):
    """What knows how melodies go on."""

    def draw(
        self,
        past: Array,
        count: int,
        temperature: float,
        rng: np.random.Generator,
        chords: melody.Steps | None = None,
    ) -> Array:
        """Points [count, z_size] for the segment after those of ``past`` [segments, z_size], oldest first.

        ``chords`` [4] are those of its half bars, classes 0..48, 0 where none is known.
        """
        ...


def continue_(
    melodist: Melodist,
    predictor: Predictor,
    attributes: Attributes | None,
    heard: Heard,
    bars: list[ModelBar],
    style: Style,
    rng: np.random.Generator | None = None,
) -> Iterator[Note]:
    """Yield the notes in order, in beats; ``variation`` says how far from the likeliest the segments are drawn."""
    rng = generator(style.seed) if rng is None else rng
    past = melodist.encode(heard.windows[-LONGEST:])
    wanted = attributes and attributes.of(np.array([window.steps for window in heard.windows[-LONGEST:]])).mean(0)
    for number, first in enumerate(range(0, len(bars), WINDOW_BARS)):
        segment = bars[first : first + WINDOW_BARS]
        window = heard.windows[number % len(heard.windows)]
        harmony = melodist.harmony(heard, segment, style.chords, LEANING)

        def draw(farther: float, past: Array = past, harmony: Harmony = harmony) -> Draw:
            temperature = latent_temperature(style.variation + farther)
            points = predictor.draw(past, DRAWS, temperature, rng, by_half_bars(harmony))
            return Draw(_chosen(points, past, attributes, wanted, rng), harmony, max(style.temperature, farther))

        played: list[melody.StepNote] = []
        for note in melodist.segment(segment, draw, rng):
            played.append(note)
            yield note_of(heard, window, segment, note)
        if first + WINDOW_BARS < len(bars):
            steps = melody.encode(played, WINDOW_BARS * STEPS)
            past = np.concatenate((past, melodist.encode_steps(steps[None])))[-LONGEST:]


def by_half_bars(harmony: Harmony) -> melody.Steps | None:
    """The chords [4] of a segment's half bars, if there are any."""
    if harmony.chords is None:
        return None
    return np.pad(harmony.chords, (0, WINDOW_BARS * STEPS - len(harmony.chords)))[:: STEPS // 2]


def latent_temperature(variation: float) -> float:
    """The temperature of the predictor: 1.2 at a variation of 0.4."""
    return 0.8 + variation


def _chosen(
    points: Array, past: Array, attributes: Attributes | None, wanted: Array | None, rng: np.random.Generator
) -> Array:
    """One of the points [count, z_size], as [1, z_size]."""
    lengths = np.linalg.norm(points, axis=1)
    usual = np.linalg.norm(past, axis=1).mean()
    nearest = np.linalg.norm(points[:, None] - past, axis=2).min(1)
    likely = -TYPICAL * np.abs(lengths - usual) - REPEATING * np.maximum(0.0, 1.0 - nearest / (NEAR * usual))
    if attributes is not None and wanted is not None:
        likely -= FOLLOWING * ((attributes.told(points) - wanted)[:, FOLLOWED] ** 2).sum(1)
    return points[[int((likely + rng.gumbel(size=len(points))).argmax())]]
