"""What sounds, taken down from the now page for a MIDI file."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bridge.realtime.now import VOICES, NowPage

if TYPE_CHECKING:
    from mido import MidiTrack

TICKS_PER_BEAT = 960
SAME_SECONDS = 1e-4
"""Onsets nearer than this are one."""


class Taken(msgspec.Struct):
    """A note; seconds of ``bridge.clocks``, its end is None while it is held."""

    voice: str
    pitch: int
    velocity: int
    start: float
    end: float | None = None


class NoteTrack:
    """Every note that began after ``origin``; the page has to be looked at more often than notes end."""

    def __init__(self, page: NowPage, origin: float) -> None:
        self._page, self._origin = page, origin
        self.notes: list[Taken] = []
        self._held: dict[tuple[str, int], Taken] = {}
        self._last: dict[tuple[str, int], float] = {}
        self._tempos: list[tuple[float, float]] = []
        """From when, and beats a minute."""
        self._seen = origin

    def look(self, time: float) -> None:
        """Take down what sounds at ``time``, seconds of ``bridge.clocks``."""
        moment = self._page.read(time)
        if not self._tempos or self._tempos[-1][1] != moment.tempo:
            self._tempos.append((time if self._tempos else self._origin, moment.tempo))
        for sounding in moment.notes:
            key, start = (sounding.voice, sounding.pitch), time - sounding.age
            note = self._held.get(key)
            if (
                start
                > max(self._last.get(key, self._origin - SAME_SECONDS), self._origin - SAME_SECONDS) + SAME_SECONDS
            ):
                if note is not None:
                    note.end = start
                note = Taken(sounding.voice, sounding.pitch, sounding.velocity, max(start, self._origin))
                self.notes.append(note)
                self._held[key], self._last[key] = note, start
            if note is not None and not sounding.held:
                note.end = time
                del self._held[key]
        self._seen = time

    def write(self, path: Path) -> None:
        """Write all so far as a MIDI file, a track for each voice; held notes end where it ends. Raises OSError."""
        from mido import Message, MetaMessage, MidiFile, MidiTrack, bpm2tempo

        from bridge.measure.files import writing

        file = MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
        tempos = MidiTrack()
        events = [(self._ticks(time), MetaMessage("set_tempo", tempo=bpm2tempo(tempo))) for time, tempo in self._tempos]
        _fill(tempos, events, self._ticks(self._seen))
        file.tracks.append(tempos)
        for channel, voice in enumerate(VOICES):
            track = MidiTrack([MetaMessage("track_name", name=voice)])
            events = []
            for note in self.notes:
                if note.voice == voice:
                    start, end = self._ticks(note.start), self._ticks(self._seen if note.end is None else note.end)
                    events.append((start, Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)))
                    events.append((max(end, start + 1), Message("note_off", channel=channel, note=note.pitch)))
            _fill(track, events, self._ticks(self._seen))
            file.tracks.append(track)
        with writing(path) as temporary:
            file.save(temporary)

    def _ticks(self, time: float) -> int:
        beats = 0.0
        for number, (start, tempo) in enumerate(self._tempos):
            end = self._tempos[number + 1][0] if number + 1 < len(self._tempos) else time
            if time > start:
                beats += (min(time, end) - start) * tempo / 60
        return max(0, round(beats * TICKS_PER_BEAT))


def _fill(track: "MidiTrack", events: "list[tuple[int, object]]", end: int) -> None:
    """Add messages in order of their time (where it is the same, ends first), and the track's end."""
    from mido import MetaMessage

    at = 0
    for ticks, message in sorted(events, key=lambda event: (event[0], getattr(event[1], "type", "") == "note_on")):
        track.append(message.copy(time=ticks - at))  # type: ignore[attr-defined]
        at = ticks
    track.append(MetaMessage("end_of_track", time=max(0, end - at)))
