"""Drum: drums to a tapped rhythm, drums that continue, vary or lie between others, and drums played as by hand.

Which drums are hit comes from the drum network, how they are played from the groove network, drums to a rhythm from the
tap network (GrooVAE: Gillick et al., "Learning to Groove with Inverse Sequence Transformations", ICML 2019).
"""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from models.contract import Note, Phrase
from models.music_vae.arc import slerp, ways
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drum_attributes import DRUM_ATTRIBUTES
from models.music_vae.drum_hearing import KIT, Window, hear, notes_of
from models.music_vae.drummer import DRUMS, Drummer
from models.music_vae.hearing import WINDOW_BARS
from models.music_vae.metre import STEPS, ModelBar, model_bars
from models.music_vae.network import generator
from models.music_vae.prior import Prior
from models.music_vae.uses.interpolating import ends
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

USUAL = 0.4
"""The variation at which a tapped rhythm leads at full strength; at 1 it does not lead."""
WIDEST = 0.7
"""The share of the way to an unrelated rhythm that variation 1 goes."""


def windows(call: Phrase, *, taps: bool = False) -> list[Window]:
    """Those windows of two model bars, counted back from the call's end, in which something is hit, in order.

    A call of a single model bar is heard twice over. Raises ValueError, stating the rule, where nothing is.
    """
    bars = model_bars(call.bars, call.beats_per_bar)
    if len(bars) < WINDOW_BARS:
        bars *= WINDOW_BARS
    found = [hear(call, bars[max(0, end - 2) : end], taps=taps) for end in range(len(bars), 0, -WINDOW_BARS)]
    found = [window for window in reversed(found) if window.hits.any()]
    if not found:
        what = "note" if taps else "drum, as 36, 38 or 42 of General MIDI"
        raise ValueError(f"a call must hold at least one {what}, got none")
    return found


def has_drums(call: Phrase) -> bool:
    """Whether something in a call is a drum of the kit."""
    return any(note.pitch in KIT for note in call.notes)


def drumify(drummer: Drummer, heard: list[Window], bars: list[ModelBar], style: Style) -> Iterator[Note]:
    """Yield drums to the rhythm of taps, the last two bars to the last two that were heard."""
    rng = generator(style.seed)
    segments = _segments(bars)
    for number, segment in enumerate(segments):
        taps = heard[(number - len(segments)) % len(heard)].groove
        strength = (1 - style.variation) / (1 - USUAL)
        yield from notes_of(drummer.tapped(taps, STEPS * len(segment), strength, style.temperature, rng), segment)


def vary(drummer: Drummer, heard: list[Window], bars: list[ModelBar], style: Style) -> Iterator[Note]:
    """Yield what was heard, varied, and played as by hand; its last two bars last."""
    yield from _around(drummer, heard, bars, style, from_end=True)


def continue_(drummer: Drummer, heard: list[Window], bars: list[ModelBar], style: Style) -> Iterator[Note]:
    """Yield variations of what was heard last, over and over: drums go on as they did."""
    yield from _around(drummer, heard, bars, style, from_end=False)


def generate(drummer: Drummer, bars: list[ModelBar], style: Style) -> Iterator[Note]:
    """Yield drums out of nothing: two bars of the prior, and variations of them."""
    rng = generator(style.seed)
    segments = _segments(bars)
    hits = drummer.draw_hits(
        lambda farther: (drummer.prior(DRUMS).draw(rng), max(style.temperature, farther)), 2 * STEPS, rng
    )
    yield from notes_of(drummer.played(hits), segments[0])
    rest = [bar for segment in segments[1:] for bar in segment]
    played = Window(np.pad(hits, ((0, 0), (0, 2 * DRUM_CLASSES))), {})
    yield from _around(drummer, [played], rest, style, from_end=False, rng=rng)


def interpolate(
    drummer: Drummer, heard: list[Window], bars: list[ModelBar], style: Style, corners: bool
) -> Iterator[Note]:
    """Yield drums on the way between two that were heard, or in the square of four; see the melody's."""
    rng = generator(style.seed)
    points = [drummer.encode_hits(heard[n].hits) for n in ends(len(heard), 4 if corners else 2)]
    segments = _segments(bars)
    steps = int(len(segments) ** 0.5) if corners else len(segments)
    return _decoded(drummer, zip(segments, ways(points, steps), strict=False), style, rng)


def morph(
    drummer: Drummer, heard: list[Window], bars: list[ModelBar], style: Style, amounts: Mapping[str, float]
) -> Iterator[Note]:
    """Yield what was heard, changed in character; ``amounts`` are in standard deviations of the training windows."""
    rng = generator(style.seed)
    moved = np.array([amounts.get(name, 0.0) for name in DRUM_ATTRIBUTES], np.float32)
    attributes = drummer.attributes

    def points(segments: list[list[ModelBar]]) -> Iterator[tuple[list[ModelBar], Array]]:
        for number, segment in enumerate(segments):
            window = heard[(number - len(segments)) % len(heard)]
            yield segment, attributes.moved(drummer.encode_hits(window.hits), moved)

    return _decoded(drummer, points(_segments(bars)), style, rng)


def groove(drummer: Drummer, call: Phrase, amount: float) -> Iterator[Note]:
    """Yield the very drums that were heard, played as by hand; an amount of 0 leaves them as they were."""
    for segment in _segments(model_bars(call.bars, call.beats_per_bar)):
        window = hear(call, segment)
        played = drummer.played(window.hits) if window.hits.any() else window.groove
        blended = window.groove + np.float32(amount) * (played - window.groove)
        yield from notes_of(blended, segment, window.pitches)


def _decoded(
    drummer: Drummer, points: Iterable[tuple[list[ModelBar], Array]], style: Style, rng: np.random.Generator
) -> Iterator[Note]:
    """Yield two bars from each point, played as by hand."""
    for segment, z in points:

        def draw(farther: float, z: Array = z) -> tuple[Array, float]:
            return z, max(style.temperature, farther)

        hits = drummer.draw_hits(draw, STEPS * len(segment), rng)
        yield from notes_of(drummer.played(hits), segment)


def _around(
    drummer: Drummer,
    heard: list[Window],
    bars: list[ModelBar],
    style: Style,
    *,
    from_end: bool,
    rng: np.random.Generator | None = None,
) -> Iterator[Note]:
    rng = generator(style.seed) if rng is None else rng
    segments = _segments(bars)
    for number, segment in enumerate(segments):
        mean = drummer.encode_hits(heard[(number - len(segments) if from_end else number) % len(heard)].hits)

        def draw(farther: float, mean: Array = mean) -> tuple[Array, float]:
            return _drawn(mean, drummer.prior(DRUMS), style, farther, rng)

        hits = drummer.draw_hits(draw, STEPS * len(segment), rng)
        yield from notes_of(drummer.played(hits), segment)


def _segments(bars: list[ModelBar]) -> list[list[ModelBar]]:
    return [bars[first : first + WINDOW_BARS] for first in range(0, len(bars), WINDOW_BARS)]


def _drawn(mean: Array, prior: Prior, style: Style, farther: float, rng: np.random.Generator) -> tuple[Array, float]:
    along = WIDEST * (style.variation + (1 - style.variation) * farther)
    return slerp(mean, prior.draw(rng), along), max(style.temperature, farther)
