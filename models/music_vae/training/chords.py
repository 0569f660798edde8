"""Two-bar melodies with the chord of each 16th, and the same melodies as they would go over other chords.

Chords are classes 0..48 (:mod:`models.music_vae.encodings.chords`). POP909 has them beside each song, in
`NNN.chord_midi.txt`; those of other MIDI files are inferred from all their notes, two a bar.
"""

from pathlib import Path

import mido
import numpy as np

from models.music_vae import melody
from models.music_vae.encodings import chord_inference, chords
from models.music_vae.hearing import MAJOR, OCTAVE
from models.music_vae.progression import TONES
from models.music_vae.score import ScoreNote
from models.music_vae.training import data

HALF_BAR = melody.STEPS_PER_BAR // 2
FURTHEST = 2
"""Steps of the scale by which a half bar is moved at most."""
FOREIGN = 0.3
"""The share of reharmonised windows that are moved to another key instead."""
_QUALITIES = {
    name: quality
    for quality, names in enumerate(("maj maj6 maj7 7", "min min6 min7 minmaj7", "aug", "dim dim7 hdim7"))
    for name in names.split()
}


def pop909_class(label: str) -> int:
    """The class of a label as `F#:min7/b3`; 0 for `N` and for chords without a third (sus2, sus4)."""
    root, _, quality = label.partition("/")[0].partition(":")
    if quality not in _QUALITIES:
        return 0
    return chords.encode(root) + OCTAVE * _QUALITIES[quality]


def of_song(path: Path, length: int) -> np.ndarray:
    """The chord at each step [length] of a song's grid. Raises OSError or ValueError where there are none."""
    found = np.zeros(length, np.int64)
    if data.aligned(path):
        beats = data.Beats.of(path)
        for line in path.with_suffix(".chord_midi.txt").read_text(encoding="utf-8").splitlines():
            start, end, label = line.split()
            first, beyond = (max(0, round(beats.step(float(second)))) for second in (start, end))
            found[first:beyond] = pop909_class(label)
        return found
    tracks = data.track_notes(mido.MidiFile(path), seconds=False).values()
    notes = tuple(ScoreNote(pitch, 80, start, end, 0, 0) for track in tracks for start, end, pitch in track)
    total = max((note.end for note in notes), default=0.0)
    half_bar = HALF_BAR / melody.STEPS_PER_BEAT
    for frame, symbol in chord_inference.infer(notes, half_bar, total):
        found[frame * HALF_BAR :] = chords.encode(symbol)
    return found


def windows_of(path: Path) -> np.ndarray:
    """Distinct windows [N, 32, 2] of a song's melodies: the class and the chord of each step; no silent ones."""
    tracks, bars = data.tracks_of(path)
    found = [np.zeros((0, data.WINDOW, 2), np.int64)]
    for notes in tracks:
        if not notes or not bars:
            continue
        steps, starts = data.line_of(notes, bars)
        along = of_song(path, len(steps))
        windows = np.array([melody.window(steps, bar) for bar in starts])
        over = np.array([along[bar : bar + data.WINDOW] for bar in starts])
        there = (windows >= melody.FIRST_NOTE).any(1)
        found.append(np.stack((windows, over), 2)[there])
    return np.unique(np.concatenate(found), axis=0).astype(np.int16)


def transposed(numbers: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Chords [N, T] moved by so many semitones [N]."""
    quality, root = np.divmod(numbers - 1, OCTAVE)
    return np.where(numbers > 0, 1 + OCTAVE * quality + (root + semitones[:, None]) % OCTAVE, 0)


def keys(steps: np.ndarray, over: np.ndarray) -> np.ndarray:
    """Of windows [N, 32] over chords [N, 32], the tonic [N] of the major scale that fits notes and chords best."""
    on = steps >= melody.FIRST_NOTE
    classes = (steps - melody.FIRST_NOTE + melody.MIN_PITCH) % OCTAVE
    counts = (np.eye(OCTAVE)[classes] * on[..., None]).sum(1) + 0.1 * TONES[over].sum(1)
    scales = np.zeros((OCTAVE, OCTAVE))
    for key in range(OCTAVE):
        scales[key, (key + np.array(MAJOR)) % OCTAVE] = 1
    found: np.ndarray = (counts @ scales.T).argmax(1)
    return found


def _ladder() -> np.ndarray:
    """The class that each class [90] becomes in each key [12], moved by -FURTHEST..FURTHEST steps of its scale."""
    table = np.empty((OCTAVE, 2 * FURTHEST + 1, melody.CLASSES), np.int64)
    table[:] = np.arange(melody.CLASSES)
    for key in range(OCTAVE):
        scale = np.array([p for p in range(-OCTAVE, 128 + OCTAVE) if (p - key) % OCTAVE in MAJOR])
        for number in range(melody.FIRST_NOTE, melody.CLASSES):
            pitch = number - melody.FIRST_NOTE + melody.MIN_PITCH
            rung = int(np.searchsorted(scale, pitch, "right")) - 1
            for by in range(-FURTHEST, FURTHEST + 1):
                moved = scale[rung + by] + pitch - scale[rung]
                table[key, by + FURTHEST, number] = (
                    np.clip(moved, melody.MIN_PITCH, melody.MAX_PITCH) - melody.MIN_PITCH + melody.FIRST_NOTE
                )
    return table


LADDER = _ladder()


def reharmonised(steps: np.ndarray, over: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Windows [N, 32] as they might go over other chords: the same rhythm and nearly the same shape.

    Each half bar, or the whole, is moved along the scale of its key; or the whole to another key.
    """
    count = len(steps)
    by = rng.integers(-FURTHEST, FURTHEST + 1, (count, data.WINDOW // HALF_BAR))
    whole = rng.random(count) < 0.5
    by[whole] = by[whole, :1]
    along = np.repeat(by, HALF_BAR, 1) + FURTHEST
    moved = LADDER[keys(steps, over)[:, None], along, steps]
    foreign = rng.random(count) < FOREIGN
    semitones = rng.integers(-OCTAVE // 2, OCTAVE // 2, foreign.sum())
    away = melody.transpose(steps[foreign], semitones)
    low, high = away < melody.FIRST_NOTE, away >= melody.CLASSES
    away = np.where(low & (steps[foreign] >= melody.FIRST_NOTE), away + OCTAVE, np.where(high, away - OCTAVE, away))
    moved[foreign] = away
    return moved
