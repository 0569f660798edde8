"""Answer: what was heard, varied.

Each segment of two model bars is decoded from z, a point on the arc from what was heard (the posterior's mean of two
bars of the call) to a random draw from the prior; the variation says how far along. The farther, the less likely notes
outside the call's key are made: the prior knows all keys alike. The last segment answers the call's last two bars, the
one before the two before those, and so on, over again if the call is shorter.
"""

from collections.abc import Iterator

import numpy as np

from models.contract import Note
from models.music_vae.arc import slerp
from models.music_vae.hearing import WINDOW_BARS, Heard
from models.music_vae.melodist import ENOUGH, Draw, Melodist, note_of
from models.music_vae.metre import ModelBar
from models.music_vae.network import generator
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

WIDEST = 0.7
"""The share of the way from the call to an unrelated melody that variation 1 goes; the key is lost beyond."""
LEANING = 4.0
"""By how much, in logits and for the whole way, notes outside the call's key are made less likely."""


def answer(melodist: Melodist, heard: Heard, bars: list[ModelBar], style: Style) -> Iterator[Note]:
    """Yield the notes in order, in beats. Only variation 0 gives back a call that has fewer than ENOUGH onsets."""
    rng = generator(style.seed)
    segments = [bars[first : first + WINDOW_BARS] for first in range(0, len(bars), WINDOW_BARS)]
    for number, segment in enumerate(segments):
        window = heard.windows[(number - len(segments)) % len(heard.windows)]
        mean = melodist.encode([window])

        def draw(farther: float, mean: Array = mean, segment: list[ModelBar] = segment) -> Draw:
            along = WIDEST * (style.variation + (1 - style.variation) * farther)
            z = slerp(mean, rng.standard_normal(mean.shape).astype(np.float32), along)
            harmony = melodist.harmony(heard, segment, style.chords, LEANING * along)
            return Draw(z, harmony, max(style.temperature, farther))

        enough = ENOUGH if style.variation > 0 else min(ENOUGH, window.onsets)
        for note in melodist.segment(segment, draw, rng, enough):
            yield note_of(heard, window, segment, note)
