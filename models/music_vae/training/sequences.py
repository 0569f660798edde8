"""Songs as successive segments of two bars, with their chords: what the predictor learns from (`continuation.py`)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.music_vae import melody
from models.music_vae.training import chords, data
from models.music_vae.training.folder import say

STOPPING = 4
"""The 5th, 15th … song by name tells when to stop."""
SHIFTS = 6


@dataclass(frozen=True)
class Sequences:
    """Successive segments of songs: windows [N, 32], and where each sequence begins and ends, and its song's place."""

    windows: np.ndarray
    chords: np.ndarray
    """Of each half bar of each window [N, 4], classes 0..48."""
    spans: list[tuple[int, int, int]]


Piece = tuple[np.ndarray, np.ndarray]
"""Successive windows [n, 32] and the chords of their half bars [n, 4]."""


def pieces(path: Path) -> list[Piece]:
    """The sequences of a song's melodies; where chords are neither given nor to be inferred there are none."""
    found = []
    for line in data.lines(path):
        try:
            over = chords.of_song(path, len(line[0]))
        except (OSError, ValueError):
            over = np.zeros(len(line[0]), np.int64)
        found += segments(line, over)
    return found


def segments(line: data.Line, over: np.ndarray) -> list[Piece]:
    """A line's successive windows from its first and from its second bar, without silent ones."""
    steps, bars = line
    found = []
    remaining = sorted(bars)
    while remaining:
        chain = [remaining[0]]
        known = set(remaining)
        while chain[-1] + data.WINDOW in known:
            chain.append(chain[-1] + data.WINDOW)
        remaining = [bar for bar in remaining if bar not in set(chain)]
        windows = np.array([melody.window(steps, bar) for bar in chain])
        half_bars = np.array([over[bar : bar + data.WINDOW : chords.HALF_BAR] for bar in chain])
        there = (windows >= melody.FIRST_NOTE).any(1)
        if there.sum() >= 2:
            found.append((windows[there], half_bars[there]))
    return found


def read(folder: Path) -> Sequences:
    """All sequences of a folder; says what it leaves out."""
    found: list[tuple[Piece, int]] = []
    place = 0
    for name, song in data.read_songs(folder, pieces):
        if isinstance(song, str):
            say(f"left out {name}: {song}")
            continue
        found += [(piece, place) for piece in song]
        place += 1
    if not found:
        raise ValueError(f"training data: none of the {place} songs under {folder} has four bars of 4/4 melody")
    return joined(found)


def joined(found: list[tuple[Piece, int]]) -> Sequences:
    """Sequences of pieces with their songs' places."""
    spans, total = [], 0
    for (windows, _), place in found:
        spans.append((total, total + len(windows), place))
        total += len(windows)
    windows, half_bars = zip(*(piece for piece, _ in found), strict=True)
    return Sequences(np.concatenate(windows), np.concatenate(half_bars), spans)


def part(sequences: Sequences, name: str) -> Sequences:
    """The sequences of the songs for training, for stopping or for validation."""
    every = data.VALIDATION_EVERY
    rest = {"train": set(range(every)) - {STOPPING, every - 1}, "stopping": {STOPPING}, "validation": {every - 1}}[name]
    spans = [span for span in sequences.spans if span[2] % every in rest]
    if not spans:
        raise ValueError(f"training data: at least {every} songs are needed; there are none for {name}")
    return joined([((sequences.windows[a:b], sequences.chords[a:b]), place) for a, b, place in spans])


def shifted(sequences: Sequences, copies: int, seed: int) -> Sequences:
    """Sequences moved to other keys, each as a whole, `copies` times over."""
    rng = np.random.default_rng(seed)
    found: list[tuple[Piece, int]] = []
    for start, end, place in sequences.spans:
        rows, over = sequences.windows[start:end], sequences.chords[start:end]
        notes = rows[rows >= melody.FIRST_NOTE]
        low, high = melody.FIRST_NOTE - notes.min(), melody.CLASSES - 1 - notes.max()
        for by in rng.permutation(np.arange(max(-SHIFTS, low), min(SHIFTS, high) + 1))[:copies]:
            moved = melody.transpose(rows, int(by)), chords.transposed(over, np.full(len(over), by))
            found.append((moved, place))
    return joined(found)
