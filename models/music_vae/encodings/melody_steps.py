"""Melodies: 90 classes a 16th, with or without chords (magenta `data.py` OneHotMelodyConverter)."""

from dataclasses import replace

import numpy as np

from models.music_vae import melody
from models.music_vae.configs import CHORD_CLASSES, Encoding
from models.music_vae.encodings import chord_inference, chords, lines
from models.music_vae.encodings.example import Encoded, example, one_hot
from models.music_vae.score import (
    Chord,
    Grid,
    Refusal,
    Score,
    ScoreNote,
    Tempo,
    one_metre,
    split_at_changes,
    to_grid,
    without,
)
from models.music_vae.weights import Array

STEPS_PER_QUARTER = 4
STEPS_PER_BAR = 16
MAX_BARS = 100
VELOCITY = 80
QPM = 120.0
SECONDS_PER_STEP = 60.0 / QPM / STEPS_PER_QUARTER


def encode(encoding: Encoding, score: Score, voice: lines.Voice = "highest") -> Encoded:
    """Every window of a melody of each track, a bar apart; of chords their highest or lowest notes."""
    found = Encoded()
    seen: set[tuple[tuple[int, ...], tuple[int, ...]]] = set()
    for part in split_at_changes(score):
        try:
            part = _playable(encoding, part)
            grid = to_grid(part, STEPS_PER_QUARTER, STEPS_PER_BAR)
            if encoding.chords and not grid.chords:
                grid = _with_chords(part, grid)
            tracks = lines.melodies(grid, max_bars=MAX_BARS, voice=voice)
            windows = [w for line in tracks for w in lines.slices(line, encoding.bars * STEPS_PER_BAR, STEPS_PER_BAR)]
            if not windows:
                raise Refusal(f"a melody must be {encoding.bars} bars long, of {len(tracks)} melodies none is")
            for window in windows:
                events = lines.cleaned(window.events)
                symbols: tuple[int, ...] = ()
                if encoding.chords:
                    at = range(window.start, window.start + len(events))
                    symbols = tuple(chords.encode(text) for text in chords.at_steps(grid, at))
                if (events, symbols) not in seen:
                    seen.add((events, symbols))
                    controls = one_hot(symbols, CHORD_CLASSES) if encoding.chords else None
                    found.examples.append(example(one_hot(events, melody.CLASSES), controls=controls))
        except Refusal as reason:
            found.refused.append(str(reason))
    return found


def decode(encoding: Encoding, steps: Array, controls: Array | None = None) -> Score:
    """Notes of velocity 80 at 120 quarters a minute from steps [time, 90]; chords from their controls."""
    classes = steps.argmax(-1).tolist()
    notes = notes_of(classes)
    found: list[Chord] = []
    if encoding.chords and controls is not None:
        for step, number in enumerate(controls.argmax(-1).tolist()):
            text = chords.decode(number)
            if not found or found[-1].text != text:
                found.append(Chord(step * SECONDS_PER_STEP, text))
    end = max((note.end for note in notes), default=0.0)
    return Score(tuple(notes), (Tempo(0.0, QPM),), chords=tuple(found), total_time=end)


def notes_of(classes: list[int], instrument: int = 0, program: int = 0) -> list[ScoreNote]:
    """The notes of a melody's classes, in seconds."""
    return [
        ScoreNote(pitch, VELOCITY, start * SECONDS_PER_STEP, end * SECONDS_PER_STEP, instrument, program)
        for start, end, pitch in melody.decode(np.array(classes))
    ]


def _with_chords(part: Score, grid: Grid) -> Grid:
    """The grid with chords inferred from the notes."""
    steps = STEPS_PER_BAR // chord_inference.chords_per_bar(one_metre(part))
    seconds = steps / (STEPS_PER_QUARTER * grid.qpm / 60.0)
    inferred = chord_inference.infer(part.notes, seconds, part.total_time)
    return replace(grid, chords=tuple((frame * steps, text) for frame, text in inferred))


def _playable(encoding: Encoding, part: Score) -> Score:
    low, high = encoding.programs or (0, 127)
    kept = tuple(
        note
        for note in part.notes
        if low <= note.program <= high and melody.MIN_PITCH <= note.pitch <= melody.MAX_PITCH
    )
    if not kept and part.notes:
        raise Refusal(f"a melody's pitches must be {melody.MIN_PITCH}..{melody.MAX_PITCH}, its programs {low}..{high}")
    return without(part, kept)
