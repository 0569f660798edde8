"""Small MIDI files to train on, written by the tests."""

from pathlib import Path

import mido
import numpy as np


def melody_song(path: Path, seed: int, notes: int = 32) -> None:
    """Eighths of a five-note scale."""
    rng = np.random.default_rng(seed)
    midi = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    for _ in range(notes):
        pitch = int(rng.choice([60, 62, 64, 65, 67]))
        track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
        track.append(mido.Message("note_off", note=pitch, time=48))
    midi.save(path)


def drum_song(path: Path, seed: int, bars: int = 6) -> None:
    """Kick, snare and hats, a tom or cymbal here and there, a little off the grid, at 100 beats a minute."""
    rng = np.random.default_rng(seed)
    events: list[tuple[int, int, int]] = []
    for step in range(16 * bars):
        chances = {
            36: 0.9 if step % 8 == 0 else 0.1,
            38: 0.9 if step % 8 == 4 else 0.05,
            42: 0.8 if step % 2 == 0 else 0,
        }
        chances[int(rng.choice([45, 48, 50, 49, 51]))] = 0.1
        for pitch, chance in chances.items():
            if rng.random() < chance:
                tick = max(0, step * 120 + int(rng.integers(-20, 21)))
                events += [(tick, pitch, int(rng.integers(40, 120))), (tick + 30, pitch, 0)]
    midi = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(100)))
    now = 0
    for tick, pitch, velocity in sorted(events):
        track.append(mido.Message("note_on", channel=9, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    midi.save(path)
