"""Trios: melody, bass and drums beside each other, 90 + 90 + 512 (magenta `data.py` TrioConverter)."""

import itertools
import math

import numpy as np
import numpy.typing as npt

from models.music_vae import melody
from models.music_vae.configs import DRUM_CLASSES, Encoding
from models.music_vae.encodings import drum_steps, lines, melody_steps
from models.music_vae.encodings.example import Encoded, example, one_hot
from models.music_vae.encodings.melody_steps import QPM, STEPS_PER_BAR, STEPS_PER_QUARTER
from models.music_vae.kits import REDUCED, classes
from models.music_vae.score import Grid, GridNote, Refusal, Score, Tempo, split_at_changes, to_grid
from models.music_vae.weights import Array

PARTS = ("melody", "bass", "drums")
GAP_BARS = 2
MAX_BARS = 1024
BASS_PROGRAM = 33
_CLASSES = classes(REDUCED)


def encode(encoding: Encoding, score: Score) -> Encoded:
    """Windows, a bar apart, in which a melody (programs 0..31), a bass (32..39) and drums all play.

    A part may pause for two bars and more (two before and two after what it plays count as played). Of several
    instruments of a kind every combination is taken.
    """
    found = Encoded()
    for part in split_at_changes(score):
        try:
            windows = _windows(encoding, part)
            if not windows:
                raise Refusal(f"a trio must play together for {encoding.bars} bars, it does not")
            found.examples.extend(example(window) for window in windows)
        except Refusal as reason:
            found.refused.append(str(reason))
    return found


def decode(encoding: Encoding, steps: Array) -> Score:
    """Melody (instrument 0), bass (1, program 33) and drums (9) at 120 quarters a minute from steps [time, 692]."""
    high, low, drums = np.split(steps, np.cumsum(encoding.output_depths)[:-1], axis=-1)
    notes = melody_steps.notes_of(high.argmax(-1).tolist())
    notes += melody_steps.notes_of(low.argmax(-1).tolist(), 1, BASS_PROGRAM)
    notes += drum_steps.notes_of([drum_steps.hits(label) for label in drums.argmax(-1).tolist()], REDUCED)
    return Score(tuple(notes), (Tempo(0.0, QPM),), total_time=max((note.end for note in notes), default=0.0))


def _windows(encoding: Encoding, part: Score) -> list[Array]:
    grid = to_grid(part, STEPS_PER_QUARTER, STEPS_PER_BAR)
    bars = min(MAX_BARS, math.ceil(grid.total_steps / STEPS_PER_BAR))
    kinds = _kinds(grid)
    missing = [name for name in PARTS if name not in kinds.values()]
    if missing:
        raise Refusal(f"a trio must have melody, bass and drums, {' and '.join(missing)} is missing")
    played: dict[int, npt.NDArray[np.bool_]] = {}
    steps: dict[int, Array] = {}
    for instrument, kind in kinds.items():
        own = tuple(note for note in grid.notes if note.note.instrument == instrument)
        encoded = _encoded(own, grid, kind, bars * STEPS_PER_BAR)
        covered = np.zeros(bars, bool)
        if encoded is not None:
            steps[instrument] = encoded
            for note in own:
                covered[note.start // STEPS_PER_BAR : math.ceil(note.end / STEPS_PER_BAR)] = True
        near = [covered[max(0, bar - GAP_BARS) : bar + GAP_BARS + 1].any() for bar in range(bars)]
        played[instrument] = np.array(near)
    found: list[Array] = []
    for trio in itertools.product(*([i for i, kind in kinds.items() if kind == name] for name in PARTS)):
        together = np.array([played[instrument] for instrument in trio])
        all_play: npt.NDArray[np.bool_] = np.all(together, axis=0)
        all_play[:GAP_BARS] = together[:, :GAP_BARS].any()
        all_play[-GAP_BARS:] = together[:, -GAP_BARS:].any()
        if not all(instrument in steps for instrument in trio):
            continue
        joined = np.concatenate([steps[instrument] for instrument in trio], 1)
        for bar in range(bars - encoding.bars + 1):
            if all_play[bar : bar + encoding.bars].all():
                found.append(joined[bar * STEPS_PER_BAR : (bar + encoding.bars) * STEPS_PER_BAR])
    return found


def _kinds(grid: Grid) -> dict[int, str]:
    """The part of each instrument, in order; an instrument with notes of several parts, or of none, has none."""
    kinds: dict[int, set[str | None]] = {}
    for note in grid.notes:
        if note.note.is_drum:
            kind: str | None = "drums"
        else:
            kind = "melody" if note.note.program <= 31 else "bass" if note.note.program <= 39 else None
        kinds.setdefault(note.note.instrument, set()).add(kind)
    return {i: kind for i in sorted(kinds) if len(kinds[i]) == 1 and (kind := next(iter(kinds[i]))) is not None}


def _encoded(notes: tuple[GridNote, ...], grid: Grid, kind: str, steps: int) -> Array | None:
    """The first line of an instrument over the whole piece."""
    own = Grid(notes, (), grid.steps_per_quarter, grid.steps_per_bar, grid.qpm, grid.total_steps)
    if kind == "drums":
        tracks = lines.drum_tracks(own, _CLASSES, math.inf)
        if not tracks:
            return None
        events = [frozenset[int]()] * tracks[0].start + tracks[0].events
        events = (events + [frozenset()] * (steps - len(events)))[:steps]
        return one_hot(drum_steps.labels(tuple(events)), 2**DRUM_CLASSES)
    kept = tuple(n for n in notes if melody.MIN_PITCH <= n.note.pitch <= melody.MAX_PITCH)
    found = lines.melodies(Grid(kept, (), own.steps_per_quarter, own.steps_per_bar, own.qpm, own.total_steps), math.inf)
    if not found:
        return None
    classes_ = lines.lengthened([melody.NO_EVENT] * found[0].start + found[0].events, steps)
    return one_hot(classes_, melody.CLASSES)
