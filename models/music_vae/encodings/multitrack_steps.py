"""Bars of up to eight tracks, 64 events each: program, performance, end (magenta `data_hierarchical.py`)."""

from dataclasses import replace

import numpy as np

from models.music_vae.configs import PERFORMANCE_CLASSES, Encoding
from models.music_vae.encodings import chord_inference, chords, performance
from models.music_vae.encodings.example import Encoded, Example
from models.music_vae.encodings.performance import EVENTS, STEPS_PER_BAR, STEPS_PER_QUARTER, PerformedNote
from models.music_vae.score import (
    DEFAULT_QPM,
    Chord,
    Grid,
    GridNote,
    Refusal,
    Score,
    ScoreNote,
    Tempo,
    one_metre,
    one_tempo,
    parts,
    split_at_changes,
    to_grid,
)
from models.music_vae.sustain import sustained
from models.music_vae.weights import Array

MIN_TRACKS, MAX_TRACKS = 2, 8
MAX_EVENTS = 64
MIN_TOTAL_EVENTS = 8
DRUMS = 128
"""The program that stands for drums."""
END = PERFORMANCE_CLASSES - 1
QPM = 120.0
SECONDS_PER_STEP = 60.0 / (STEPS_PER_QUARTER * QPM)


def encode(encoding: Encoding, score: Score) -> Encoded:
    """Every bar that 2 to 8 instruments play in; notes held over a bar's line are cut there."""
    found = Encoded()
    for part in split_at_changes(score):
        part = sustained(part)
        if encoding.chords and not part.chords:
            try:
                part = _with_chords(part)
            except Refusal as reason:
                found.refused.append(str(reason))
                continue
        for bar in _bars(part):
            try:
                found.examples.append(_bar(encoding, bar))
            except Refusal as reason:
                found.refused.append(str(reason))
    return found


def decode(encoding: Encoding, steps: Array, controls: Array | None = None) -> Score:
    """A bar at 120 quarters a minute from steps [512, 490]; instrument n is the n-th track."""
    notes: list[ScoreNote] = []
    timed: list[tuple[float, str]] = []
    symbols = (
        [] if controls is None or not encoding.chords else [chords.decode(n) for n in controls.argmax(-1).tolist()]
    )
    for track in range(MAX_TRACKS):
        classes = steps[track * MAX_EVENTS : (track + 1) * MAX_EVENTS].argmax(-1).tolist()
        if END in classes:
            classes = classes[: classes.index(END)]
        places = [place for place, number in enumerate(classes) if number < EVENTS]
        programs = [number - EVENTS for number in classes if number >= EVENTS]
        program = programs[0] if programs else 0
        is_drum = program == DRUMS
        events = [classes[place] for place in places]
        if symbols:
            for place, step in zip(places, performance.steps_of(events), strict=True):
                if step < STEPS_PER_BAR:
                    timed.append((step * SECONDS_PER_STEP, symbols[track * MAX_EVENTS + place]))
        for note in performance.notes(performance.in_one_bar(events)):
            start, end = note.start * SECONDS_PER_STEP, note.end * SECONDS_PER_STEP
            notes.append(ScoreNote(note.pitch, note.velocity, start, end, track, 0 if is_drum else program, is_drum))
    found: list[Chord] = []
    for time, text in sorted(timed):
        if not found or found[-1].text != text:
            found.append(Chord(time, text))
    end_time = max((note.end for note in notes), default=0.0)
    return Score(tuple(notes), (Tempo(0.0, QPM),), chords=tuple(found), total_time=end_time)


def _with_chords(part: Score) -> Score:
    """The part with chords inferred from its notes."""
    to_grid(part, STEPS_PER_QUARTER, STEPS_PER_BAR)  # refuses other metres
    rate = STEPS_PER_QUARTER * one_tempo(part) / 60.0
    seconds = STEPS_PER_BAR // chord_inference.chords_per_bar(one_metre(part)) / rate
    inferred = chord_inference.infer(part.notes, seconds, part.total_time)
    return replace(part, chords=tuple(Chord(frame * seconds, text) for frame, text in inferred))


def _bars(part: Score) -> list[Score]:
    seconds = 60.0 * STEPS_PER_BAR / STEPS_PER_QUARTER / (part.tempos[0].qpm if part.tempos else DEFAULT_QPM)
    times = [0.0, *np.arange(seconds, part.total_time, seconds).tolist()]
    if part.total_time > times[-1]:
        times.append(part.total_time)
    return parts(part, times) if len(times) > 1 else []


def _bar(encoding: Encoding, bar: Score) -> Example:
    grid = to_grid(bar, STEPS_PER_QUARTER, STEPS_PER_BAR)
    instruments = sorted({note.note.instrument for note in grid.notes})
    if not MIN_TRACKS <= len(instruments) <= MAX_TRACKS:
        raise Refusal(f"a bar must have {MIN_TRACKS}..{MAX_TRACKS} instruments, got {len(instruments)}")
    tracks = sorted(
        (_track([note for note in grid.notes if note.note.instrument == number]) for number in instruments),
        key=lambda track: track[0],
    )
    longest = max(len(events) for _, _, events in tracks)
    if longest > MAX_EVENTS - 2:
        raise Refusal(f"a track must have at most {MAX_EVENTS - 2} events a bar, one has {longest}")
    total = sum(len(events) for _, _, events in tracks)
    if total < MIN_TOTAL_EVENTS:
        raise Refusal(f"a bar must have at least {MIN_TOTAL_EVENTS} events, got {total}")
    x = np.zeros((MAX_TRACKS, MAX_EVENTS, PERFORMANCE_CLASSES), np.float32)
    x[len(tracks) :, 0, END] = 1.0
    lengths = np.ones(MAX_TRACKS, np.int64)
    controls = np.zeros((MAX_TRACKS, MAX_EVENTS, encoding.control_depth), np.float32)
    for number, (_, program, events) in enumerate(tracks):
        classes = [EVENTS + program, *events, END]
        x[number, np.arange(len(classes)), classes] = 1.0
        lengths[number] = len(classes)
    if encoding.chords:
        controls[:, 0, 0] = 1.0
        for number, (_, _, events) in enumerate(tracks):
            symbols = _chords(grid, events)
            controls[number, np.arange(len(symbols)), symbols] = 1.0
    flat = x.reshape(-1, PERFORMANCE_CLASSES)
    return Example(flat, flat, controls.reshape(len(flat), encoding.control_depth), lengths)


def _track(placed: list[GridNote]) -> tuple[int, int, list[int]]:
    """What to sort an instrument's bar by, its program (128: drums), its events."""
    drums, programs = {n.note.is_drum for n in placed}, {n.note.program for n in placed}
    if len(drums) > 1 or (not drums.pop() and len(programs) > 1):
        raise Refusal(f"an instrument must have one program or be drums, instrument {placed[0].note.instrument} is not")
    heard = [PerformedNote(n.start, n.end, n.note.pitch, n.note.velocity, n.note.start) for n in placed]
    events = performance.in_one_bar(performance.events(heard))
    # Magenta goes to notes and back, so that nothing is left open at the bar's end.
    inside = [note for note in performance.notes(events) if note.start < STEPS_PER_BAR]
    program = DRUMS if placed[0].note.is_drum else placed[0].note.program
    # A track that this leaves without notes is drums for Magenta.
    return program, DRUMS if not inside else program, performance.in_one_bar(performance.events(inside))


def _chords(grid: Grid, events: list[int]) -> list[int]:
    """The chord's class at the program (none), each event, and the end (as before it)."""
    if not grid.chords:
        raise Refusal("this model needs chord symbols, the bar has none")
    found = [0, *(chords.encode(text) for text in chords.at_steps(grid, performance.steps_of(events)))]
    return [*found, found[-1]]
