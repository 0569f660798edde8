"""Songs of a validation split continued: as sound, as MIDI files and as piano rolls side by side, to be judged by.

``python -m bridge.music.contact_sheet --data POP909 --out DIR``
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import mido
import numpy as np

from bridge.demo.canvas import Canvas
from bridge.demo.performance import Heard, Performance, Section
from bridge.demo.roll import BACKGROUND, FAINT, TEXT, draw_roll, geometry
from bridge.demo.synth import render, write_wav
from bridge.music.writing import Part, write
from models.contract import Note, NoteActor, Phrase
from models.music_vae import melody
from models.music_vae.declaration import MusicVae
from models.music_vae.training import data

BARS = 8
"""Of each call, and of each answer."""
BEATS = 4
VELOCITY = 88
ROW, ROLL, LEFT, WIDTH = 128, 104, 60, 1200
PER_SHEET = 10


def songs(folder: Path, count: int) -> Iterator[tuple[str, Phrase, float]]:
    """Validation songs with bars of four beats: name, eight bars of the melody near its beginning, and the tempo."""
    paths = [path for number, path in enumerate(data.midi_files(folder)) if data.part_of(number) == "validation"]
    found = 0
    for path in paths:
        beats = np.loadtxt(path.with_suffix(".beat_midi.txt"), ndmin=2)
        downbeats = np.flatnonzero(beats[:, 2] == 1)
        if found == count or not len(downbeats) or not (np.diff(downbeats) == BEATS).mean() > 0.98:
            continue
        found += 1
        tempo = 60 / float(np.median(np.diff(beats[:, 0])))
        yield path.stem, _call(path, beats[:, 0], int(downbeats[0])), tempo


def _call(path: Path, times: "np.ndarray", first_bar: int) -> Phrase:
    tracks = data.track_notes(mido.MidiFile(path), seconds=True)
    raw = next(notes for name, notes in tracks.items() if name.startswith("MELODY"))
    notes = data.quantize(raw, lambda second: float(np.interp(second, times, np.arange(len(times)) * 4.0)))
    steps = melody.decode(melody.encode(notes, max(end for _, end, _ in notes)))
    bar = BEATS * 4
    start = first_bar * 4 + (steps[0][0] - first_bar * 4) // bar * bar
    end = start + BARS * bar
    inside = [(begin - start, min(over, end) - start, pitch) for begin, over, pitch in steps if start <= begin < end]
    return Phrase(tuple(Note(p, VELOCITY, a / 4, (b - a) / 4) for a, b, p in inside), BARS, BEATS)


def performance(call: Phrase, answer: tuple[Note, ...], tempo: float) -> Performance:
    """A call and its answer, one after the other."""
    beats = BARS * BEATS
    heard = [Heard("call", n.pitch, n.velocity, n.start, n.duration) for n in call.notes]
    heard += [Heard("answer", n.pitch, n.velocity, n.start + beats, n.duration) for n in answer]
    sections = Section("call", "", "MIDI", 0.0, beats), Section("answer", "", "MIDI", beats, beats)
    return Performance(tempo, BEATS, 2 * BARS, tuple(heard), sections, ())


def draw(played: list[tuple[str, Performance]], path: Path) -> None:
    """Piano rolls one above the other, in few colours. Raises OSError."""
    canvas = Canvas(WIDTH, ROW * len(played) + 8, BACKGROUND)
    for row, (name, one) in enumerate(played):
        place = geometry(one, LEFT, row * ROW + 14, WIDTH - LEFT - 16, ROLL)
        draw_roll(canvas, one, place, glow=0.5)
        canvas.text(8, place.top + ROLL / 2, name, 17, TEXT, "lm")
        canvas.text(8, place.top + ROLL / 2 + 18, f"{one.tempo:.0f} bpm", 11, FAINT, "lm")
    canvas.finish().quantize(64).save(path, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """Continue, render and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="POP909")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sound", action="store_true", help="write .wav files, too")
    args = parser.parse_args(arguments)
    args.out.mkdir(parents=True, exist_ok=True)
    player: NoteActor = MusicVae.load()  # type: ignore[assignment]
    played = []
    for name, call, tempo in songs(args.data, args.count):
        answer = tuple(player.act("continue", {}, call, BARS, {"seed": args.seed}))
        one = performance(call, answer, tempo)
        played.append((name, one))
        after = [Note(n.pitch, n.velocity, n.start + BARS * BEATS, n.duration) for n in answer]
        parts = Part("Call", call.notes, 4), Part("Answer", after, 11, 1)
        write(args.out / f"{name}.mid", parts, ((0.0, tempo),), BEATS, 2 * BARS * BEATS)
        if args.sound:
            write_wav(render(one), args.out / f"{name}.wav")
        print(name, len(call.notes), len(answer), flush=True)
    for number, first in enumerate(range(0, len(played), PER_SHEET)):
        draw(played[first : first + PER_SHEET], args.out / f"continued_{number + 1}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
