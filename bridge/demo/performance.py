"""What was played and heard in a demo, as all its renderers see it."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Voice = Literal["call", "answer"]
Way = Literal["OSC", "MIDI"]


class Heard(msgspec.Struct, frozen=True):
    """One note, as it was sent or received."""

    voice: Voice
    pitch: int
    velocity: int
    """1..127."""
    start: float
    """Beats from the first call's bar line."""
    duration: float
    """Beats."""

    @property
    def end(self) -> float:
        """Beats from the first call's bar line."""
        return self.start + self.duration


class Section(msgspec.Struct, frozen=True):
    """A call or an answer: the bars it takes."""

    voice: Voice
    title: str
    way: Way
    """How the notes travelled."""
    start: float
    """Beats from the first call's bar line."""
    beats: float


class Frame(msgspec.Struct, frozen=True):
    """One picture as it came."""

    time: float
    """Seconds from the first call's bar line."""
    jpeg: bytes


class Performance(msgspec.Struct, frozen=True):
    """A whole demo."""

    tempo: float
    """Beats per minute."""
    beats_per_bar: int
    bars: int
    """All bars, calls and answers and what lies between."""
    notes: tuple[Heard, ...]
    sections: tuple[Section, ...]
    frames: tuple[Frame, ...]

    @property
    def beats(self) -> int:
        """Length in beats."""
        return self.bars * self.beats_per_bar

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.beats * self.beat_seconds

    @property
    def beat_seconds(self) -> float:
        """Seconds in a beat."""
        return 60.0 / self.tempo

    def of(self, voice: Voice) -> tuple[Heard, ...]:
        """The notes of one voice, by start."""
        return tuple(note for note in self.notes if note.voice == voice)

    def frame_at(self, time: float) -> Frame | None:
        """The picture that was on show at that second: the newest that had come; before the first, the first."""
        shown = None
        for frame in self.frames:
            if frame.time > time and shown is not None:
                break
            shown = frame
        return shown


def pair(events: Iterable[tuple[float, int, int, int]], voice: Voice, end: float) -> list[Heard]:
    """Make notes of (beat, channel, pitch, velocity) events, velocity 0 ending a note.

    What is never ended lasts until ``end``; an end without a beginning is left out.
    """
    open_notes: dict[tuple[int, int], tuple[float, int]] = {}
    notes = []

    def close(key: tuple[int, int], beat: float) -> None:
        start, velocity = open_notes.pop(key)
        notes.append(Heard(voice, key[1], velocity, start, max(beat - start, 0.01)))

    for beat, channel, pitch, velocity in events:
        key = (channel, pitch)
        if key in open_notes:
            close(key, beat)
        if velocity:
            open_notes[key] = (beat, velocity)
    for key in list(open_notes):
        close(key, end)
    return sorted(notes, key=lambda note: (note.start, note.pitch))
