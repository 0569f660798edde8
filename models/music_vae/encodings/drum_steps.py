"""Drums: sets of classes a 16th, as bits or as one of 2^9 (magenta `data.py` DrumsConverter)."""

import numpy as np

from models.music_vae.configs import Encoding
from models.music_vae.encodings import lines
from models.music_vae.encodings.example import Encoded, example, one_hot
from models.music_vae.encodings.melody_steps import (
    MAX_BARS,
    QPM,
    SECONDS_PER_STEP,
    STEPS_PER_BAR,
    STEPS_PER_QUARTER,
    VELOCITY,
)
from models.music_vae.kits import FULL, REDUCED, Kit, classes
from models.music_vae.score import Refusal, Score, ScoreNote, Tempo, split_at_changes, to_grid
from models.music_vae.weights import Array

CHANNEL = 9


def kit(encoding: Encoding) -> Kit:
    """The drum classes of an encoding."""
    return FULL if encoding.full_kit else REDUCED


def encode(encoding: Encoding, score: Score) -> Encoded:
    """Every window of the drums, a bar apart."""
    found = Encoded()
    seen: set[tuple[lines.Hits, ...]] = set()
    known = classes(kit(encoding))
    unknown = sorted({note.pitch for note in score.notes if note.is_drum and note.pitch not in known})
    if unknown:
        found.refused.append(f"pitches {unknown} are no drums of the kit")
    for part in split_at_changes(score):
        try:
            tracks = lines.drum_tracks(to_grid(part, STEPS_PER_QUARTER, STEPS_PER_BAR), known, max_bars=MAX_BARS)
        except Refusal as reason:
            found.refused.append(str(reason))
            continue
        windows = [w for track in tracks for w in lines.slices(track, encoding.bars * STEPS_PER_BAR, STEPS_PER_BAR)]
        if not windows:
            found.refused.append(f"drums must be {encoding.bars} bars long, of {len(tracks)} drum tracks none is")
        for window in windows:
            events = tuple(window.events)
            if events not in seen:
                seen.add(events)
                roll = bits(events, len(kit(encoding)))
                silent = 1.0 - roll.max(1, keepdims=True)
                y = roll if encoding.roll_output else one_hot(labels(events), encoding.output_depth)
                found.examples.append(example(np.concatenate((roll, silent), 1), y))
    return found


def decode(encoding: Encoding, steps: Array) -> Score:
    """Hits of velocity 80, a 16th long at 120 quarters a minute, from steps [time, output depth]."""
    if encoding.roll_output:
        events = [frozenset(np.flatnonzero(step).tolist()) for step in steps]
    else:
        events = [hits(label) for label in steps.argmax(-1).tolist()]
    notes = notes_of(events, kit(encoding))
    return Score(tuple(notes), (Tempo(0.0, QPM),), total_time=max((note.end for note in notes), default=0.0))


def bits(events: tuple[lines.Hits, ...], depth: int) -> Array:
    """Sets of classes as [time, depth]."""
    roll = np.zeros((len(events), depth), np.float32)
    for step, event in enumerate(events):
        roll[step, list(event)] = 1.0
    return roll


def labels(events: tuple[lines.Hits, ...]) -> list[int]:
    """Sets of classes as the numbers whose bits they are."""
    return [sum(1 << number for number in event) for event in events]


def hits(label: int) -> lines.Hits:
    """The set of classes that a number's bits are."""
    return frozenset(number for number in range(label.bit_length()) if label >> number & 1)


def notes_of(events: list[lines.Hits], drums: Kit) -> list[ScoreNote]:
    """A hit of each class's first pitch, in seconds."""
    return [
        ScoreNote(
            drums[number][0], VELOCITY, step * SECONDS_PER_STEP, (step + 1) * SECONDS_PER_STEP, CHANNEL, 0, is_drum=True
        )
        for step, event in enumerate(events)
        for number in sorted(event)
    ]
