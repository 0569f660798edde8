"""Melodies and drum tracks found on a grid, as note_seq finds them.

A line begins at the bar of its first note, ends when nothing sounded for a bar (or whatever gap is allowed), and is
filled up to a whole bar; the next begins after it. Sources (behaviour): note_seq `melodies_lib.py`, `drums_lib.py`,
magenta `pipelines/melody_pipelines.py`, `drum_pipelines.py`.
"""

from collections.abc import Iterable, Sequence
from typing import Generic, Literal, NamedTuple, TypeVar

from models.music_vae.melody import FIRST_NOTE, MIN_PITCH, NO_EVENT, NOTE_OFF
from models.music_vae.score import Grid, GridNote

Event = TypeVar("Event")
Hits = frozenset[int]
Voice = Literal["highest", "lowest"]


class Line(NamedTuple, Generic[Event]):
    """Events of successive steps, the first at step ``start`` of the grid."""

    start: int
    events: list[Event]


def melodies(
    grid: Grid, gap_bars: float = 1.0, max_bars: int | None = None, voice: Voice = "highest"
) -> list[Line[int]]:
    """Monophonic lines of each instrument, in classes 0..89; of notes that start together one is kept."""
    up = -1 if voice == "highest" else 1
    found: list[Line[int]] = []
    for instrument in sorted({note.note.instrument for note in grid.notes}):
        own = sorted(
            (n for n in grid.notes if n.note.instrument == instrument and n.note.velocity and not n.note.is_drum),
            key=lambda n: (n.start, up * n.note.pitch),
        )
        search = 0
        while line := _melody(own, search, grid.steps_per_bar, gap_bars):
            search = line.start + len(line.events)
            if max_bars is not None:
                del line.events[max_bars * grid.steps_per_bar :]
            found.append(line)
    return found


def _melody(notes: Sequence[GridNote], search: int, bar: int, gap_bars: float) -> Line[int] | None:
    start: int | None = None
    events: list[int] = []
    onset = off = 0
    for note in notes:
        if note.start < search:
            continue
        if start is None:
            start = note.start - (note.start - search) % bar
        elif note.start == onset:
            continue
        elif note.start - off >= gap_bars * bar:
            break
        onset, off = note.start, note.end
        del events[onset - start :]
        events += [NO_EVENT] * (onset - start - len(events))
        events += [note.note.pitch - MIN_PITCH + FIRST_NOTE, *[NO_EVENT] * (off - onset - 1), NOTE_OFF]
    if start is None:
        return None
    events.pop()
    return Line(start, lengthened(events, len(events) + -len(events) % bar))


def lengthened(events: list[int], steps: int) -> list[int]:
    """A melody of so many steps: cut, or ended where it ended and followed by nothing."""
    if steps <= len(events):
        return events[:steps]
    sounding = next((event for event in reversed(events) if event != NO_EVENT), NOTE_OFF) != NOTE_OFF
    return events + [NOTE_OFF if sounding else NO_EVENT] + [NO_EVENT] * (steps - len(events) - 1)


def cleaned(events: Sequence[int]) -> tuple[int, ...]:
    """A slice of a melody: note-offs before its first note end nothing and become no event."""
    first = next((n for n, event in enumerate(events) if event >= FIRST_NOTE), len(events))
    return (*[NO_EVENT] * first, *events[first:])


def drum_tracks(
    grid: Grid, classes: dict[int, int], gap_bars: float = 1.0, max_bars: int | None = None
) -> list[Line[Hits]]:
    """Lines of the sets of drum classes that are hit at each step; pitches of no class are left out."""
    hits: dict[int, set[int]] = {}
    for note in grid.notes:
        if note.note.is_drum and note.note.velocity and note.note.pitch in classes:
            hits.setdefault(note.start, set()).add(classes[note.note.pitch])
    found: list[Line[Hits]] = []
    bar, search = grid.steps_per_bar, 0
    remaining = sorted(hits)
    while remaining:
        start = remaining[0] - (remaining[0] - search) % bar
        events: list[Hits] = []
        for step in remaining:
            if events and step - start - len(events) >= gap_bars * bar:
                break
            events += [frozenset()] * (step - start - len(events))
            events.append(frozenset(hits[step]))
        events += [frozenset()] * (-len(events) % bar)
        search = start + len(events)
        remaining = [step for step in remaining if step >= search]
        found.append(Line(start, events if max_bars is None else events[: max_bars * bar]))
    return found


def slices(line: Line[Event], steps: int, hop: int) -> Iterable[Line[Event]]:
    """Every ``steps`` events of a line, a ``hop`` apart."""
    for end in range(steps, len(line.events) + 1, hop):
        yield Line(line.start + end - steps, line.events[end - steps : end])
