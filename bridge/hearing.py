"""What the player played lately, as phrases. Pure. Beats are absolute; channels 0..15."""

from collections import deque

import msgspec

from bridge.grid import Grid
from models.contract import Note, Phrase

EARLY = 0.25
"""Beats by which a first note may precede the bar that it is meant for."""
REMEMBERED = 32
"""Bars of what was heard that are kept."""
SHORTEST = 1 / 16
"""Beats that a heard note lasts at least."""


class Heard(msgspec.Struct):
    """A note of the player; ``end`` is None while it is held."""

    pitch: int
    velocity: int
    channel: int
    start: float
    end: float | None = None


class Hearing:
    """The player's notes of the last bars."""

    def __init__(self) -> None:
        self.notes: deque[Heard] = deque(maxlen=4096)

    def begin(self, channel: int, pitch: int, velocity: int, beat: float) -> None:
        """A note begins."""
        self.notes.append(Heard(pitch, velocity, channel, beat))

    def end(self, channel: int, pitch: int, beat: float) -> None:
        """A note ends, if it sounds."""
        for note in self.notes:
            if note.end is None and (note.channel, note.pitch) == (channel, pitch):
                note.end = max(beat, note.start + SHORTEST)

    def since(self, beat: float) -> bool:
        """Whether a note began at ``beat`` or later."""
        return any(note.start >= beat for note in self.notes)

    def phrase(self, start: float, end: float, grid: Grid) -> Phrase:
        """What was heard between two beats, in beats from the first; a held note ends at the second."""
        while self.notes and self.notes[0].start < end - REMEMBERED * grid.bar:
            self.notes.popleft()
        notes = []
        for heard in self.notes:
            if start - EARLY <= heard.start < end:
                begin = max(heard.start - start, 0.0)
                finish = (end if heard.end is None else min(heard.end, end)) - start
                notes.append(Note(heard.pitch, heard.velocity, begin, max(finish - begin, SHORTEST), heard.channel))
        notes.sort(key=lambda note: (note.start, note.pitch))
        return Phrase(tuple(notes), max(1, round((end - start) / grid.bar)), grid.bar, grid.bar_number(end))
