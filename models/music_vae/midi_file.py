"""MIDI files of any program as a :class:`Score`, times and instruments as note_seq has them (by way of pretty_midi).

An instrument is a track's channel with one program, numbered in the order in which the first note of each ends.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import mido
from mido.midifiles.meta import KeySignatureError

from models.music_vae.score import Metre, Pedal, Score, ScoreNote, Tempo

DRUM_CHANNEL = 9
DEFAULT_TEMPO = 500_000
"""Microseconds a quarter."""
LARGEST_FILE = 64 << 20
SUSTAIN = 64
PEDAL_DOWN = 64
"""Control value from which on the pedal is down."""

_Key = tuple[int, int, int]


class _Instrument(NamedTuple):
    notes: list[ScoreNote]
    pedals: list[Pedal]


class _Clock:
    """Ticks to seconds under changing tempo."""

    def __init__(self, changes: list[tuple[int, int]], resolution: int) -> None:
        """``changes``: tick and microseconds a quarter, in order; the last of several at tick 0 counts."""
        self.resolution = resolution
        self._spans: list[tuple[int, float, float]] = [(0, 0.0, self._seconds_per_tick(DEFAULT_TEMPO))]
        for tick, tempo in changes:
            scale = self._seconds_per_tick(tempo)
            if tick == 0:
                self._spans = [(0, 0.0, scale)]
            elif scale != self._spans[-1][2]:
                self._spans.append((tick, self.seconds(tick), scale))

    def _seconds_per_tick(self, tempo: int) -> float:
        return 60.0 / ((6e7 / tempo) * self.resolution)

    def seconds(self, tick: int) -> float:
        """When a tick comes."""
        start, time, scale = next(span for span in reversed(self._spans) if span[0] <= tick)
        return time + scale * (tick - start)

    def tempos(self) -> tuple[Tempo, ...]:
        """Every tempo and when it begins."""
        return tuple(Tempo(time, 60.0 / (scale * self.resolution)) for _, time, scale in self._spans)


def read(path: Path) -> Score:
    """The notes, tempos and metres of a Standard MIDI File of type 0 or 1; a note left open ends with its track.

    Raises OSError if it cannot be opened, ValueError with the path and the reason if it is not such a file or has no
    notes.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: a MIDI file must be at most {LARGEST_FILE} bytes, has {path.stat().st_size}")
    try:
        file = mido.MidiFile(path, clip=True)
        resolution = file.ticks_per_beat
    except OSError as error:
        if error.errno is not None:  # the system's; mido says by a plain OSError what is wrong with the bytes
            raise
        raise ValueError(f"{path}: not a MIDI file: {error}") from error
    except (ValueError, EOFError, LookupError, TypeError, KeySignatureError) as error:
        raise ValueError(f"{path}: not a whole MIDI file: {type(error).__name__} {error}") from error
    if file.type not in (0, 1):
        raise ValueError(f"{path}: the MIDI file must be of type 0 or 1, is of type {file.type}")
    if not 0 < resolution < 0x8000:
        raise ValueError(f"{path}: the MIDI file must count ticks a quarter, it counts SMPTE frames")
    tracks = [_at_ticks(track) for track in file.tracks]
    tempos = [(tick, e.tempo) for track in tracks for tick, e in track if e.type == "set_tempo" and e.tempo > 0]
    tempos.sort(key=lambda change: change[0])
    clock = _Clock(tempos, resolution)
    metres = [
        Metre(clock.seconds(tick), e.numerator, e.denominator)
        for track in tracks
        for tick, e in track
        if e.type == "time_signature"
    ]
    instruments: dict[_Key, _Instrument] = {}
    for number, track in enumerate(tracks):
        _notes(number, track, clock, instruments)
    notes = tuple(
        note._replace(instrument=number) for number, found in enumerate(instruments.values()) for note in found.notes
    )
    pedals = (p._replace(instrument=number) for number, found in enumerate(instruments.values()) for p in found.pedals)
    if not notes:
        raise ValueError(f"{path}: the MIDI file has no notes in its {len(tracks)} tracks")
    end = max(note.end for note in notes)
    names = tuple(str(file.tracks[number].name) for _, _, number in instruments)
    return Score(notes, clock.tempos(), tuple(sorted(metres, key=lambda m: m.time)), (), end, tuple(pedals), names)


def _at_ticks(track: Any) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    tick = 0
    for event in track:
        tick += event.time
        found.append((tick, event))
    return found


def _notes(number: int, track: list[tuple[int, Any]], clock: _Clock, instruments: dict[_Key, _Instrument]) -> None:
    """A note-off ends all notes of its pitch but those that begin at the same tick, unless no other is open."""
    programs: dict[int, int] = defaultdict(int)
    sounding: dict[tuple[int, int], list[tuple[int, int]]] = {}
    early: dict[int, list[Pedal]] = {}  # pedals of a channel before its first note ended

    def end(channel: int, pitch: int, opened: list[tuple[int, int]], tick: int) -> None:
        for start, velocity in opened:
            program = programs[channel]
            note = ScoreNote(
                pitch, velocity, clock.seconds(start), clock.seconds(tick), 0, program, channel == DRUM_CHANNEL
            )
            key = (program, channel, number)
            if key not in instruments:
                instruments[key] = _Instrument([], early.get(channel, []))
            instruments[key].notes.append(note)

    for tick, event in track:
        if event.type == "program_change":
            programs[event.channel] = event.program
        elif event.type == "control_change" and event.control == SUSTAIN:
            pedal = Pedal(clock.seconds(tick), 0, event.value >= PEDAL_DOWN)
            playing = instruments.get((programs[event.channel], event.channel, number))
            (early.setdefault(event.channel, []) if playing is None else playing.pedals).append(pedal)
        elif event.type == "note_on" and event.velocity > 0:
            sounding.setdefault((event.channel, event.note), []).append((tick, event.velocity))
        elif event.type in ("note_on", "note_off"):
            key = event.channel, event.note
            opened = sounding.pop(key, [])
            closed = [begun for begun in opened if begun[0] != tick]
            kept = [begun for begun in opened if begun[0] == tick]
            end(*key, closed, tick)
            if closed and kept:
                sounding[key] = kept
    last = track[-1][0] if track else 0
    for key, opened in sounding.items():
        end(*key, [begun for begun in opened if begun[0] < last], last)
