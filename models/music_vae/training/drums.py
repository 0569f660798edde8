"""Two-bar windows of drums and grooves, from the Groove MIDI Dataset or any MIDI files in 4/4, and their variations."""

import csv
from pathlib import Path

import numpy as np

from models.music_vae import midi_file
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.encodings import drum_steps, groove_steps, lines
from models.music_vae.encodings.melody_steps import STEPS_PER_BAR, STEPS_PER_QUARTER
from models.music_vae.kits import REDUCED, classes
from models.music_vae.score import Score, split_at_changes, to_grid, without
from models.music_vae.training.data import Part, part_of

WINDOW = 2 * STEPS_PER_BAR
KIT = classes(REDUCED)
UNSEEN = ("drummer4", "drummer9")
"""Drummers of the Groove MIDI Dataset whom no training hears: how the models take what no one of theirs played."""
TOMS, CYMBALS, HATS = (4, 5, 6), (7, 8), (2, 3)


def drum_windows(path: Path) -> np.ndarray:
    """Distinct windows [N, 32] of a file's drums, a bar apart, each step the number whose bits are the drums hit."""
    rows: dict[bytes, np.ndarray] = {}
    for part in _parts(path):
        for track in lines.drum_tracks(to_grid(part, STEPS_PER_QUARTER, STEPS_PER_BAR), KIT):
            labels = np.array(drum_steps.labels(tuple(track.events)), np.int16)
            for start in range(0, len(labels) - WINDOW + 1, STEPS_PER_BAR):
                row = labels[start : start + WINDOW]
                rows.setdefault(row.tobytes(), row)
    return np.array(list(rows.values()), np.int16).reshape(-1, WINDOW)


def groove_windows(path: Path) -> np.ndarray:
    """Windows [N, 32, 27] of a file's drums, a bar apart, with at least one hit in each bar."""
    rows = [np.zeros((0, WINDOW, 3 * DRUM_CLASSES), np.float32)]
    for part in _parts(path):
        y = groove_steps.steps_of(part)
        windows = np.array([y[s : s + WINDOW] for s in range(0, len(y) - WINDOW + 1, STEPS_PER_BAR)], np.float32)
        windows = windows.reshape(-1, WINDOW, 3 * DRUM_CLASSES)
        played = windows[:, :, :DRUM_CLASSES].any(2).reshape(-1, 2, STEPS_PER_BAR).any(2).all(1)
        rows.append(windows[played])
    return np.concatenate(rows)


def _parts(path: Path) -> list[Score]:
    """The drums of a file, cut where tempo or metre changes; raises ValueError if there are none."""
    score = midi_file.read(path)
    drums = tuple(note for note in score.notes if note.is_drum and note.pitch in KIT)
    if not drums:
        raise ValueError("no drums: notes of a drum kit must be on MIDI channel 10")
    return [part for part in split_at_changes(without(score, drums)) if part.notes]


def groove_parts(folder: Path, songs: list[str]) -> tuple[Part, ...]:
    """The Groove MIDI Dataset's own split by performance, but for the drummers kept for a test; else by order."""
    if not (folder / "info.csv").is_file():
        return ()
    with (folder / "info.csv").open(encoding="utf-8", newline="") as file:
        rows = {row.get("midi_filename", ""): row for row in csv.DictReader(file)}
    found: list[Part] = []
    for number, name in enumerate(songs):
        row = rows.get(name)
        if row is None:
            found.append(part_of(number))
        elif row["drummer"] in UNSEEN:
            found.append("test")
        else:
            found.append("train" if row["split"] == "train" else "validation")
    return tuple(found)


def _moved(order: dict[int, int]) -> np.ndarray:
    """For each set of drums [512], the set with each drum exchanged for another, or left out (-1)."""
    labels = np.arange(1 << DRUM_CLASSES)
    out = np.zeros_like(labels)
    for drum in range(DRUM_CLASSES):
        other = order.get(drum, drum)
        if other >= 0:
            out |= (labels >> drum & 1) << other
    return out


_TOM_ORDERS = [(0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
EXCHANGES = np.array(
    [
        *(_moved({TOMS[n]: TOMS[o] for n, o in enumerate(order)}) for order in _TOM_ORDERS),
        _moved({7: 8, 8: 7}),
        _moved({2: 3, 3: 2}),
        _moved({2: 8, 8: 2}),
        *(_moved({drum: -1}) for drum in range(4)),
    ]
)


def varied(windows: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """A batch [N, 32] of which `share` is changed, each window in one or several ways.

    Drums of another window, steps from some beat on of another window, drums exchanged or left out, all turned by
    beats, single hits left out or put in: what any drummer might play, so that the model learns parts, not windows.
    """
    out = windows.astype(np.int64)
    chosen = rng.random(len(out)) < share

    def some(chance: float) -> np.ndarray:
        return np.flatnonzero(chosen & (rng.random(len(out)) < chance))

    mixed = some(0.5)
    kept = rng.integers(1, (1 << DRUM_CLASSES) - 1, (len(mixed), 1))
    out[mixed] = (out[mixed] & kept) | (windows[rng.permutation(len(out))[mixed]] & ~kept)
    spliced = some(0.35)
    later = np.arange(WINDOW) >= 4 * rng.integers(1, 8, (len(spliced), 1))
    out[spliced] = np.where(later, windows[rng.permutation(len(out))[spliced]], out[spliced])
    exchanged = some(0.3)
    tables = EXCHANGES[rng.integers(len(EXCHANGES), size=len(exchanged))]
    out[exchanged] = np.take_along_axis(tables, out[exchanged], 1)
    turned = some(0.35)
    steps = (np.arange(WINDOW) + 4 * rng.integers(1, 8, (len(turned), 1))) % WINDOW
    out[turned] = np.take_along_axis(out[turned], steps, 1)
    missed = some(0.25)
    hits = out[missed, :, None] >> np.arange(DRUM_CLASSES) & 1
    changed = rng.random(hits.shape) < np.where(hits, 0.06, 0.01 * hits.any(1, keepdims=True))
    out[missed] = ((hits ^ changed) << np.arange(DRUM_CLASSES)).sum(2)
    return np.where((out.max(1) > 0)[:, None], out, windows)


def rebarred(windows: np.ndarray, rng: np.random.Generator, share: float) -> np.ndarray:
    """A batch [N, 32, 27] of which `share` is changed, each window in one or several ways.

    The second bar is another's, the bars change places, some drums are left out: how the rest is played stays.
    """
    out = windows.copy()
    chosen = rng.random(len(out)) < share

    def some(chance: float) -> np.ndarray:
        return np.flatnonzero(chosen & (rng.random(len(out)) < chance))

    bars = some(0.3)
    out[bars, STEPS_PER_BAR:] = windows[rng.permutation(len(out))[bars], STEPS_PER_BAR:]
    turned = some(0.4)
    out[turned] = np.roll(out[turned], STEPS_PER_BAR, 1)
    fewer = some(0.6)
    kept = rng.random((len(fewer), 1, DRUM_CLASSES)) < 0.7
    out[fewer] *= np.tile(kept, 3)
    return np.where(out[:, :, :DRUM_CLASSES].any((1, 2), keepdims=True), out, windows)
