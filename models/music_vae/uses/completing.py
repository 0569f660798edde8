"""Complete: fill the gaps in what was heard, and leave the rest as it was played.

The latent space is searched for points from which the given notes are likely: each of several candidates is decoded
with the given steps in place and the gap drawn, encoded as it then is, and decoded anew from a draw of the posterior,
a few times over (pseudo-Gibbs sampling: Rezende et al., "Stochastic Backpropagation and Approximate Inference in Deep
Generative Models", ICML 2014, appendix F). Of the last round the one is kept under which the given notes are likeliest.
"""

import re
from collections.abc import Iterator

import numpy as np

from models.contract import Note, Phrase
from models.music_vae import melody
from models.music_vae.hearing import WINDOW_BARS, Heard, Window, nearest, top_line, window_of
from models.music_vae.leaning import padded
from models.music_vae.melodist import Floats, Known, Melodist, note_of
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar, model_bars
from models.music_vae.network import generator
from models.music_vae.uses.style import Style

LEANING = 3.0
"""By how much, in logits, notes outside the key are made less likely."""
CANDIDATES = 16
ROUNDS = 3
EMPTY = 40.0
"""Nats that each bar of a gap costs in which no note begins: it is to be filled."""
CROWDED = 0.5
"""Nats that each note costs by which a gap is denser or sparser than the rest."""

Gap = tuple[float, float]
"""Where a gap begins and ends, in beats."""

_PLACE = r"(\d+)(?:\.(\d+))?"
_GAP = re.compile(rf"{_PLACE}(?:-{_PLACE})?$")


def gaps_in(text: str, call: Phrase) -> list[Gap]:
    """Marked gaps: bars, and beats of bars, counted from 1, as ``3``, ``3-4`` or ``2.3-4.1``, both ends included.

    Without any, each silence of half a bar or more is one. Raises ValueError, stating the rule and the value.
    """
    total = call.bars * call.beats_per_bar
    if not text.strip():
        return _silences(call)
    found = []
    for part in text.replace(",", " ").split():
        match = _GAP.match(part)
        if match is None:
            raise ValueError(f"gaps must be bars or bar.beat, as 3, 3-4 or 2.3-4.1, got {part!r}")
        bar, beat, last_bar, last_beat = (None if group is None else int(group) for group in match.groups())
        start = _beat(bar, beat or 1, part, call)
        last = _beat(last_bar or bar, (last_beat if last_bar else beat) or call.beats_per_bar, part, call)
        if not 0 <= start <= last < total:
            raise ValueError(f"gaps must lie in the {call.bars} bars that were heard, in order, got {part!r}")
        found.append((float(start), float(last + 1)))
    return found


def _beat(bar: int | None, beat: int, part: str, call: Phrase) -> int:
    if bar is None or bar < 1 or not 1 <= beat <= call.beats_per_bar:
        raise ValueError(f"gaps must have bars from 1 and beats 1..{call.beats_per_bar}, got {part!r}")
    return (bar - 1) * call.beats_per_bar + beat - 1


def _silences(call: Phrase) -> list[Gap]:
    over = 0
    silences = []
    for note in sorted(call.notes, key=lambda note: note.start):
        start = nearest(note.start)
        silences.append((over, start))
        over = max(over, nearest(note.start + note.duration), start + 1)
    silences.append((over, call.bars * call.beats_per_bar * STEPS_PER_BEAT))
    least = call.beats_per_bar * STEPS_PER_BEAT / 2
    return [(start / STEPS_PER_BEAT, end / STEPS_PER_BEAT) for start, end in silences if end - start >= least]


def complete(melodist: Melodist, heard: Heard, call: Phrase, gaps: list[Gap], style: Style) -> Iterator[Note]:
    """Yield the notes in order, in beats: those given, as they were played, and those that fill the gaps.

    A gap of 16ths; notes that begin in it are left out. Raises ValueError if there is no gap, or nothing outside them.
    """
    if not gaps:
        raise ValueError("gaps must be marked, or silences of half a bar or more: there is none")
    given = [note for note in call.notes if not inside(note.start, gaps)]
    if not given:
        raise ValueError("a note must begin outside the gaps, got none")
    rng = generator(style.seed)
    rest = sorted(given, key=lambda note: note.start)
    tops = top_line(Phrase(tuple(given), call.bars, call.beats_per_bar))
    bars = model_bars(call.bars, call.beats_per_bar)
    for first in range(0, len(bars), WINDOW_BARS):
        segment = bars[first : first + WINDOW_BARS]
        known = known_steps(segment, gaps)
        added: list[Note] = []
        if not known.all():
            window = window_of(segment, tops, heard.octaves)
            notes = _search(melodist, heard, segment, window, known, style, rng)
            added = [note_of(heard, _loudness(heard, window), segment, note) for note in notes]
        end = segment[-1].start + segment[-1].beats
        now = [note for note in rest if note.start < end]
        rest = rest[len(now) :]
        yield from sorted(now + added, key=lambda note: (note.start, note.pitch))


def inside(beat: float, gaps: list[Gap]) -> bool:
    sixteenth = nearest(beat) / STEPS_PER_BEAT
    return any(start <= sixteenth < end for start, end in gaps)


def known_steps(segment: list[ModelBar], gaps: list[Gap]) -> Known:
    """Which of the window's steps [32] are given; those that the music does not have are."""
    known = np.ones(WINDOW_BARS * STEPS, bool)
    for number, bar in enumerate(segment):
        for step in range(bar.beats * STEPS_PER_BEAT):
            known[number * STEPS + step] = not inside(bar.beat_of(step), gaps)
    return known


def _search(
    melodist: Melodist,
    heard: Heard,
    segment: list[ModelBar],
    window: Window,
    known: Known,
    style: Style,
    rng: np.random.Generator,
) -> list[melody.StepNote]:
    """The notes, in steps, that begin in the gap of a window and end in it."""
    steps = (
        window.steps if len(window.steps) == len(known) else np.pad(window.steps, (0, len(known) - len(window.steps)))
    )
    harmony = padded(melodist.harmony(heard, segment, style.chords, LEANING), len(known))
    mean, deviation = (np.repeat(half, CANDIDATES, 0) for half in melodist.posterior(steps[None]))
    near = melodist.encode(heard.windows)  # the other bars know what such a melody is like
    mean[CANDIDATES // 2 :] = near[rng.integers(len(near), size=CANDIDATES - CANDIDATES // 2)]
    certain = np.zeros((CANDIDATES, len(known)), bool)
    certain[CANDIDATES // 2 :] = _certain(known)
    filled, fit = np.tile(steps, (CANDIDATES, 1)), np.zeros(CANDIDATES)
    for _ in range(ROUNDS):
        z = (mean + deviation * rng.standard_normal(mean.shape)).astype(np.float32)
        filled, fit = melodist.fill(z, steps, known, certain, harmony, style.temperature, rng)
        mean, deviation = melodist.posterior(filled)
    best = filled[int((fit - _cost(filled, known, heard)).argmax())]
    found = []
    for start, end, pitch in melody.decode(best):
        if not known[start]:
            within = start + 1
            while within < end and not known[within]:
                within += 1
            found.append((start, within, pitch))
    return found


def _certain(known: Known) -> Known:
    """The first beat of the gap in each bar that lacks half of its steps or more."""
    certain = np.zeros_like(known)
    for bar in range(0, len(known), STEPS):
        gap = np.flatnonzero(~known[bar : bar + STEPS])
        beats = gap[gap % STEPS_PER_BEAT == 0]
        if len(gap) >= STEPS // 2 and len(beats):
            certain[bar + beats[0]] = True
    return certain


def _cost(filled: melody.Steps, known: Known, heard: Heard) -> Floats:
    """What speaks against each row's gap [rows], in nats."""
    onsets = (filled >= melody.FIRST_NOTE) & ~known
    by_bar = onsets.reshape(len(filled), -1, STEPS).sum(2)
    gap = (~known).reshape(-1, STEPS).sum(1)
    empty = ((by_bar == 0) & (gap >= STEPS // 2)).sum(1)
    usual = np.mean([window.onsets for window in heard.windows]) * gap.sum() / len(known)
    cost: Floats = EMPTY * empty + CROWDED * np.abs(by_bar.sum(1) - usual)
    return cost


def _loudness(heard: Heard, window: Window) -> Window:
    return window if any(window.velocities) else heard.windows[0]
