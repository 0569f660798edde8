"""Notes as a standard MIDI file."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import mido
import msgspec

from bridge.measure.files import writing
from models.contract import Note

TICKS_PER_BEAT = 480
DRUM_CHANNEL = 9


class Part(msgspec.Struct, frozen=True):
    """Notes of one track, in beats from the file's beginning."""

    name: str
    notes: Sequence[Note]
    program: int = 0
    channel: int = 0


def write(
    path: Path, parts: Iterable[Part], tempos: Sequence[tuple[float, float]], beats_per_bar: int, beats: float
) -> None:
    """Write a file of type 1 that lasts so many beats at least. Raises OSError; the file is whole or not there."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    meta = [(0, mido.MetaMessage("time_signature", numerator=beats_per_bar, denominator=4, time=0))]
    meta += [
        (_ticks(beat), mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(tempo), time=0)) for beat, tempo in tempos
    ]
    file.tracks.append(_track("", sorted(meta, key=lambda event: event[0]), beats))
    for part in parts:
        file.tracks.append(_track(part.name, _events(part), beats))
    with writing(path) as partial, partial.open("wb") as target:
        file.save(file=target)


def _events(part: Part) -> list[tuple[int, mido.Message]]:
    found = []
    for note in part.notes:
        start = _ticks(note.start)
        end = max(_ticks(note.start + note.duration), start + 1)
        found.append((start, 1, mido.Message("note_on", channel=part.channel, note=note.pitch, velocity=note.velocity)))
        found.append((end, 0, mido.Message("note_off", channel=part.channel, note=note.pitch, velocity=0)))
    found.sort(key=lambda event: event[:2])  # an end goes before a beginning at the same tick
    program = mido.Message("program_change", channel=part.channel, program=part.program)
    return [(0, program), *((tick, message) for tick, _, message in found)]


def _track(name: str, events: Iterable[tuple[int, mido.Message | mido.MetaMessage]], beats: float) -> mido.MidiTrack:
    track = mido.MidiTrack()
    if name:
        track.append(mido.MetaMessage("track_name", name=name.encode("ascii", "replace").decode(), time=0))
    last = 0
    for tick, message in events:
        track.append(message.copy(time=tick - last))
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, _ticks(beats) - last)))
    return track


def _ticks(beats: float) -> int:
    return max(0, round(beats * TICKS_PER_BEAT))
