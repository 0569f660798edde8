"""A MIDI file as the now page would tell it, moment by moment."""

from pathlib import Path

import mido
import msgspec
from mido.midifiles.meta import KeySignatureError

from bridge.realtime.now import Beat, NowPage, Voice
from models.contract import Moment

LARGEST_FILE = 64 << 20
DRUMS = 9
"""The channel of drums, counted from 0."""


class Played(msgspec.Struct, frozen=True):
    """One note: start and end in seconds."""

    pitch: int
    velocity: int
    channel: int
    start: float
    end: float


class Music:
    """Tells what is heard, at times that only go forward. Without a file: silence, 120 bpm in four."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the file. Raises OSError, or ValueError with the path and the reason."""
        self._page = NowPage.private()
        self._events = [] if path is None else _events(path)
        self._next = 0
        self._beat = Beat(0.0, 0.0, 120.0, 0, 0, 4)
        self._page.set_beat(self._beat)
        self.notes = _notes(self._events)
        """All notes, by start."""
        self.seconds = max((note.end for note in self.notes), default=0.0)
        """Until the last note has ended."""
        channels = list(dict.fromkeys(note.channel for note in self.notes))
        self._voices: dict[int, Voice] = {channel: "answer" if n else "call" for n, channel in enumerate(channels)}

    def voice(self, note: Played) -> Voice:
        """The first channel that is heard calls, the others answer."""
        return self._voices[note.channel]

    def at(self, time: float) -> Moment:
        """What is heard at ``time``, seconds from the beginning."""
        while self._next < len(self._events) and self._events[self._next][0] <= time:
            self._take(*self._events[self._next])
            self._next += 1
        return self._page.read(time)

    def _take(self, time: float, message: mido.Message | mido.MetaMessage) -> None:
        match message.type:
            case "note_on" if message.velocity:
                self._page.begin(self._voices[message.channel], message.channel, message.note, message.velocity, time)
            case "note_on" | "note_off":
                if message.channel in self._voices:
                    self._page.end(self._voices[message.channel], message.channel, message.note, time)
            case "set_tempo" if message.tempo > 0:
                self._set(self._beat._replace(time=time, beat=self._beat.at(time), tempo=mido.tempo2bpm(message.tempo)))
            case "time_signature":
                beats = max(1, round(4 * message.numerator / message.denominator))
                self._set(self._beat._replace(beats_per_bar=beats, bar_beat=round(self._beat.at(time))))

    def _set(self, beat: Beat) -> None:
        self._beat = beat
        self._page.set_beat(beat)


def _events(path: Path) -> list[tuple[float, mido.Message | mido.MetaMessage]]:
    """Every message of a file of type 0 or 1 with its time in seconds, in order."""
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path}: a MIDI file must be at most {LARGEST_FILE} bytes, has {path.stat().st_size}")
    try:
        found, time = [], 0.0
        for message in mido.MidiFile(path, clip=True):
            time += message.time
            found.append((time, message))
    except OSError as error:
        if error.errno is not None:  # the system's; mido says by a plain OSError what is wrong with the bytes
            raise
        raise ValueError(f"{path}: not a MIDI file: {error}") from error
    except (ValueError, EOFError, LookupError, TypeError, ZeroDivisionError, KeySignatureError) as error:
        raise ValueError(f"{path}: not a whole MIDI file: {type(error).__name__} {error}") from error
    return found


def _notes(events: list[tuple[float, mido.Message | mido.MetaMessage]]) -> tuple[Played, ...]:
    found: list[Played] = []
    sounding: dict[tuple[int, int], tuple[float, int]] = {}
    for time, message in [*events, (events[-1][0], None)] if events else []:
        if message is None:
            keys = list(sounding)
        elif message.type in ("note_on", "note_off"):
            keys = [(message.channel, message.note)]
        else:
            continue
        for channel, pitch in keys:
            if (channel, pitch) in sounding:
                start, velocity = sounding.pop((channel, pitch))
                found.append(Played(pitch, velocity, channel, start, time))
        if message is not None and message.type == "note_on" and message.velocity:
            sounding[message.channel, message.note] = time, message.velocity
    return tuple(sorted(found, key=lambda note: (note.start, note.pitch)))
