"""A journal as music and as a picture's parameters, moment by moment."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import mido
import msgspec

from bridge.realtime.now import Beat, NowPage
from bridge.show.journal import files, records
from models.contract import Moment, Value

TICKS = 480
"""In a beat, of the .mid files that are written."""


class Show(msgspec.Struct, frozen=True):
    """A journal, read whole; times count from its beginning."""

    begun: records.Begun
    records: tuple[records.Any, ...]

    @property
    def seconds(self) -> float:
        """From the beginning to the last record."""
        return max((record.time for record in self.records), default=self.begun.time) - self.begun.time

    def of(self, kind: type[Any]) -> list[Any]:
        """Its records of one kind, in order."""
        return [record for record in self.records if isinstance(record, kind)]


def read(path: Path) -> Show:
    """Read a journal. Raises JournalError where it is none or holds nothing, OSError."""
    found = list(files.read(path))
    if not found or not isinstance(found[0], records.Begun):
        raise files.JournalError(f"a journal must hold how it began, {path.name} is cut off before that")
    return Show(found[0], tuple(found[1:]))


class Playback:
    """Goes through a show: what was heard, and where every parameter stood. Time only goes forward."""

    def __init__(self, show: Show) -> None:
        self._show, self._next = show, 0
        self._page = NowPage.private()
        self._page.set_beat(Beat(show.begun.time, 0.0, float(show.begun.values.get("/clock/tempo", 120.0)), 0, 0, 4))
        self.values: dict[str, Value] = dict(show.begun.values)
        """Every parameter as it was set."""
        self.moved: dict[str, float] = {}
        self.level = 0
        """The frames' quality."""

    def until(self, time: float) -> tuple[Moment, list[records.Done]]:
        """What is heard ``time`` seconds from the beginning, and the actions since the moment before."""
        done: list[records.Done] = []
        absolute = self._show.begun.time + time
        while self._next < len(self._show.records) and self._show.records[self._next].time <= absolute:
            record = self._show.records[self._next]
            self._next += 1
            match record:
                case records.Done():
                    done.append(record)
                case records.Changed():
                    self.values[record.path] = record.value
                case records.Moved():
                    self.moved = record.values
                case records.Quality():
                    self.level = record.level
                case records.Clock():
                    self._page.set_beat(Beat(*msgspec.structs.astuple(record)[1:]))
                case records.Sounded() if record.velocity:
                    self._page.begin(record.voice, record.channel, record.pitch, record.velocity, record.time)
                case records.Sounded():
                    self._page.end(record.voice, record.channel, record.pitch, record.time)
        return self._page.read(absolute), done

    def now(self, path: str) -> Value:
        """Where a parameter stands, moved or as it was set."""
        return self.moved.get(path, self.values[path])


def midi_file(show: Show) -> mido.MidiFile:
    """The notes of a show, to the tick, on the beat's own grid: the calls on one track, the answers on another."""
    sounded = show.of(records.Sounded)
    first = min((note.beat for note in sounded), default=0.0)
    first -= first % 4
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS)
    midi.tracks.append(_track("tempo", ((_tick(beat, first), message) for beat, message in _tempi(show, first))))
    for voice in ("call", "answer"):
        events = (
            (
                _tick(note.beat, first),
                mido.Message(
                    "note_on" if note.velocity else "note_off",
                    channel=note.channel,
                    note=note.pitch,
                    velocity=note.velocity,
                ),
            )
            for note in sounded
            if note.voice == voice
        )
        midi.tracks.append(_track(voice, events))
    return midi


def _tick(beat: float, first: float) -> int:
    return max(0, round((beat - first) * TICKS))


def _tempi(show: Show, first: float) -> Iterator[tuple[float, mido.MetaMessage]]:
    """Each tempo with the beat from which on it holds."""
    tempo = float(show.begun.values.get("/clock/tempo", 120.0))
    before = None
    for beat, bpm in [(first, tempo), *((clock.beat, clock.tempo) for clock in show.of(records.Clock))]:
        if bpm > 0 and bpm != before:
            before = bpm
            yield max(beat, first), mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm))


def _track(name: str, events: Iterable[tuple[int, Any]]) -> mido.MidiTrack:
    """A track of messages with their absolute ticks; ends come before beginnings, and what is left open is ended."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    at = 0
    sounding: set[tuple[int, int]] = set()
    ordered = sorted(events, key=lambda event: (event[0], event[1].type == "note_on"))
    for tick, message in ordered:
        if message.type in ("note_on", "note_off"):
            key = message.channel, message.note
            (sounding.add if message.type == "note_on" else sounding.discard)(key)
        track.append(message.copy(time=tick - at))
        at = tick
    track += [mido.Message("note_off", channel=channel, note=note) for channel, note in sorted(sounding)]
    return track
