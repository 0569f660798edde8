"""Complete drums: fill the gaps in what was heard, and leave the rest as it was played.

The search is that of melodies (:mod:`models.music_vae.uses.completing`), over the drum network's points.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from models.contract import Note, Phrase
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drum_hearing import Window, hear, notes_of
from models.music_vae.drummer import Drummer
from models.music_vae.hearing import WINDOW_BARS
from models.music_vae.melodist import Floats, Known
from models.music_vae.metre import STEPS, model_bars
from models.music_vae.network import generator
from models.music_vae.uses.completing import CANDIDATES, CROWDED, EMPTY, ROUNDS, Gap, inside, known_steps
from models.music_vae.uses.drumming import windows
from models.music_vae.uses.style import Style
from models.music_vae.weights import Array

_BITS = 1 << np.arange(DRUM_CLASSES)
Classes = npt.NDArray[np.int64]


def complete(drummer: Drummer, call: Phrase, gaps: list[Gap], style: Style) -> Iterator[Note]:
    """Yield the notes in order, in beats: those given, as they were played, and drums that fill the gaps.

    A gap of 16ths; notes that begin in it are left out. Raises ValueError if there is no gap, or no drum outside them.
    """
    if not gaps:
        raise ValueError("gaps must be marked, or silences of half a bar or more: there is none")
    kept = tuple(note for note in call.notes if not inside(note.start, gaps))
    if not kept:
        raise ValueError("a drum must be hit outside the gaps, got none")
    given = Phrase(kept, call.bars, call.beats_per_bar)
    return _filled(drummer, given, windows(given), gaps, style)


def _filled(drummer: Drummer, given: Phrase, usual: list[Window], gaps: list[Gap], style: Style) -> Iterator[Note]:
    rng = generator(style.seed)
    near = np.concatenate([drummer.encode_hits(window.hits) for window in usual])
    density = float(np.mean([window.hits.sum() for window in usual]))
    rest = sorted(given.notes, key=lambda note: note.start)
    bars = model_bars(given.bars, given.beats_per_bar)
    for first in range(0, len(bars), WINDOW_BARS):
        segment = bars[first : first + WINDOW_BARS]
        known = known_steps(segment, gaps)
        added: list[Note] = []
        if not known.all():
            hits = _search(drummer, hear(given, segment).hits, known, near, density, style.temperature, rng)
            groove = drummer.played(hits)
            groove[known] = 0.0
            beginning = float(segment[0].start)
            added = [replace(note, start=max(note.start, beginning)) for note in notes_of(groove, segment)]
        end = segment[-1].start + segment[-1].beats
        now = [note for note in rest if note.start < end]
        rest = rest[len(now) :]
        yield from sorted(now + added, key=lambda note: (note.start, note.pitch))


def _search(
    drummer: Drummer,
    hits: Array,
    known: Known,
    near: Array,
    density: float,
    temperature: float,
    rng: np.random.Generator,
) -> Array:
    """Hits [32, 9] of which the known steps are those given; `density` hits a window are usual."""
    mean, deviation = (np.repeat(half, CANDIDATES, 0) for half in drummer.posterior(hits[None]))
    mean[CANDIDATES // 2 :] = near[rng.integers(len(near), size=CANDIDATES - CANDIDATES // 2)]
    filled, fit = np.tile(hits, (CANDIDATES, 1, 1)), np.zeros(CANDIDATES)
    for _ in range(ROUNDS):
        z = (mean + deviation * rng.standard_normal(mean.shape)).astype(np.float32)
        filled, fit = _fill(drummer, z, hits, known, temperature, rng)
        mean, deviation = drummer.posterior(filled)
    struck = (filled.sum(2) * ~known).reshape(CANDIDATES, -1, STEPS).sum(2)
    gap = (~known).reshape(-1, STEPS).sum(1)
    empty = ((struck == 0) & (gap >= STEPS // 2)).sum(1)
    cost = EMPTY * empty + CROWDED * np.abs(struck.sum(1) - density * gap.sum() / len(known))
    found: Array = filled[int((fit - cost).argmax())]
    return found


def _fill(
    drummer: Drummer, z: Array, hits: Array, known: Known, temperature: float, rng: np.random.Generator
) -> tuple[Array, Floats]:
    """Decode rows of z [rows, z_size] through hits [32, 9] of which some steps are known and the others drawn.

    Returns the hits of each row [rows, 32, 9] and how likely the known ones were, in nats [rows].
    """
    decoder = drummer.drums.decoder
    voice = decoder.begin(z)
    given: Classes = (hits > 0.5).astype(np.int64) @ _BITS
    classes = np.tile(given, (len(z), 1))
    previous = np.zeros((len(z), 1 << DRUM_CLASSES), np.float32)
    none = np.zeros((len(z), 0), np.float32)
    fit = np.zeros(len(z))
    for step, event in enumerate(given.tolist()):
        logits = voice.advance(previous, none)
        if known[step]:
            fit += logits[:, event] - np.logaddexp.reduce(logits, 1)
            previous = np.zeros_like(previous)
            previous[:, event] = 1.0
        else:
            previous = decoder.sample(logits, temperature, rng)
            classes[:, step] = previous.argmax(1)
    return (classes[..., None] >> np.arange(DRUM_CLASSES) & 1).astype(np.float32), fit
