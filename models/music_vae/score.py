"""Notes in seconds with tempos, metres and chords, and the same on a grid of steps.

What note_seq's NoteSequence holds of music, and what its `sequences_lib.py` does with it, without note_seq.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeVar

DEFAULT_QPM = 120.0
NO_CHORD = "N.C."


class Refusal(ValueError):  # noqa: N818  (the word that players read)
    """Music that an encoding cannot hold, with the reason."""


class ScoreNote(NamedTuple):
    """A note: MIDI pitch 0..127, velocity 1..127, start and end in seconds, track number, MIDI program 0..127."""

    pitch: int
    velocity: int
    start: float
    end: float
    instrument: int = 0
    program: int = 0
    is_drum: bool = False


class Tempo(NamedTuple):
    """Quarter notes per minute from a moment in seconds."""

    time: float
    qpm: float


class Metre(NamedTuple):
    """A time signature from a moment in seconds."""

    time: float
    numerator: int
    denominator: int


class Chord(NamedTuple):
    """A chord symbol, as ``Am`` or ``N.C.``, from a moment in seconds."""

    time: float
    text: str


class Pedal(NamedTuple):
    """The sustain pedal of an instrument going down or up at a moment in seconds."""

    time: float
    instrument: int
    down: bool


@dataclass(frozen=True)
class Score:
    """A piece. Without a tempo it is 120 quarters per minute, without a metre 4/4."""

    notes: tuple[ScoreNote, ...] = ()
    tempos: tuple[Tempo, ...] = ()
    metres: tuple[Metre, ...] = ()
    chords: tuple[Chord, ...] = ()
    total_time: float = 0.0
    """Seconds; at least where the last note ends."""
    pedals: tuple[Pedal, ...] = ()
    names: tuple[str, ...] = ()
    """Of the tracks that the instruments are on, by instrument; none where nothing is known."""


class GridNote(NamedTuple):
    """A note and the steps at which it starts and ends, the end exclusive."""

    note: ScoreNote
    start: int
    end: int


@dataclass(frozen=True)
class Grid:
    """A piece of one tempo and metre on steps."""

    notes: tuple[GridNote, ...]
    chords: tuple[tuple[int, str], ...]
    steps_per_quarter: int
    steps_per_bar: int
    qpm: float
    total_steps: int


def split_at_changes(score: Score) -> list[Score]:
    """The piece cut where tempo or metre changes, each part beginning at 0; notes are cut off at their part's end."""
    numerator, denominator, qpm = 4, 4, DEFAULT_QPM
    times = [0.0]
    changes: list[Tempo | Metre] = sorted([*score.metres, *score.tempos], key=lambda change: change.time)
    for change in changes:
        if change.time >= score.total_time:
            continue
        if isinstance(change, Metre):
            if (change.numerator, change.denominator) == (numerator, denominator):
                continue
            numerator, denominator = change.numerator, change.denominator
        else:
            if change.qpm == qpm:
                continue
            qpm = change.qpm
        if change.time > times[-1]:
            times.append(change.time)
    if score.total_time > times[-1]:
        times.append(score.total_time)
    return parts(score, times) if len(times) > 1 else []


def parts(score: Score, times: Sequence[float]) -> list[Score]:
    """The piece between successive moments, ascending, in seconds; what was in force before a part begins it."""
    notes: list[list[ScoreNote]] = [[] for _ in times[1:]]
    index = -1
    for note in sorted(score.notes, key=lambda note: note.start):
        if note.start < times[0]:
            continue
        while index < len(times) - 1 and note.start >= times[index + 1]:
            index += 1
        if index == len(times) - 1:
            break
        end = min(note.end, times[index + 1]) - times[index]
        notes[index].append(note._replace(start=note.start - times[index], end=end))
    tempos, metres, chords = _shared(score.tempos, times), _shared(score.metres, times), _shared(score.chords, times)
    pedals: list[tuple[Pedal, ...]] = [() for _ in notes]
    for instrument in dict.fromkeys(pedal.instrument for pedal in score.pedals):
        own = _shared([pedal for pedal in score.pedals if pedal.instrument == instrument], times)
        pedals = [before + more for before, more in zip(pedals, own, strict=True)]
    return [
        Score(tuple(played), *in_force, max((note.end for note in played), default=0.0), pressed)
        for played, pressed, in_force in zip(notes, pedals, zip(tempos, metres, chords, strict=True), strict=True)
    ]


State = TypeVar("State", Tempo, Metre, Chord, Pedal)


def _shared(events: Sequence[State], times: Sequence[float]) -> list[tuple[State, ...]]:
    """Events in force in each part: the last one at or before its beginning, moved there, and those within it."""
    ordered: list[State] = sorted(events, key=lambda event: event.time)
    found: list[tuple[State, ...]] = []
    for start, end in itertools.pairwise(times):
        before: list[State] = [event for event in ordered if event.time <= start]
        within: list[State] = [e._replace(time=e.time - start) for e in ordered if start < e.time < end]
        found.append(tuple([event._replace(time=0.0) for event in before[-1:]] + within))
    return found


def to_grid(score: Score, steps_per_quarter: int, steps_per_bar: int) -> Grid:
    """Move notes and chords to the nearest step, as note_seq does: x.5 to the later one, each note a step at least.

    Raises :class:`Refusal` for a piece that changes tempo or metre, whose bars have not ``steps_per_bar`` steps, or
    that has notes before its beginning.
    """
    metre, qpm = one_metre(score), one_tempo(score)
    if metre.denominator <= 0 or metre.denominator & (metre.denominator - 1) or metre.numerator <= 0:
        raise Refusal(f"a metre must be n/2^k, got {metre.numerator}/{metre.denominator}")
    steps = steps_per_quarter * 4.0 / metre.denominator * metre.numerator
    if steps != steps_per_bar:
        raise Refusal(
            f"a bar must have {steps_per_bar / steps_per_quarter:g} quarters,"
            f" {metre.numerator}/{metre.denominator} has {steps / steps_per_quarter:g}"
        )
    rate = steps_per_quarter * qpm / 60.0
    notes: list[GridNote] = []
    for note in score.notes:
        start, end = nearest(note.start * rate), nearest(note.end * rate)
        if start < 0 or end < 0:
            raise Refusal(f"a note must start at 0 s or later, got {note.start:g} s")
        notes.append(GridNote(note, start, max(end, start + 1) if end == start else end))
    chords = tuple((nearest(chord.time * rate), chord.text) for chord in score.chords)
    total = max([nearest(score.total_time * rate), *(note.end for note in notes)])
    return Grid(tuple(notes), chords, steps_per_quarter, steps_per_bar, qpm, total)


def nearest(steps: float) -> int:
    """The nearest step, the later of two as near (note_seq `quantize_to_step`)."""
    return int(steps + 0.5)


def one_tempo(score: Score) -> float:
    """The piece's quarters per minute. Raises Refusal if they change."""
    tempos = sorted(score.tempos, key=lambda tempo: tempo.time)
    if tempos and tempos[0].time != 0 and tempos[0].qpm != DEFAULT_QPM:
        tempos.insert(0, Tempo(0.0, DEFAULT_QPM))
    for tempo in tempos[1:]:
        if tempo.qpm != tempos[0].qpm:
            raise Refusal(
                f"the tempo must not change, it goes from {tempos[0].qpm:g} to {tempo.qpm:g} at {tempo.time:g} s"
            )
    return tempos[0].qpm if tempos else DEFAULT_QPM


def one_metre(score: Score) -> Metre:
    """The piece's metre. Raises Refusal if it changes."""
    metres = sorted(score.metres, key=lambda metre: metre.time)
    if metres and metres[0].time != 0 and metres[0][1:] != (4, 4):
        metres.insert(0, Metre(0.0, 4, 4))
    for metre in metres[1:]:
        if metre[1:] != metres[0][1:]:
            old, new = (f"{m.numerator}/{m.denominator}" for m in (metres[0], metre))
            raise Refusal(f"the metre must not change, it goes from {old} to {new} at {metre.time:g} s")
    return metres[0] if metres else Metre(0.0, 4, 4)


def without(score: Score, notes: tuple[ScoreNote, ...]) -> Score:
    """The same piece with only these notes; its length stays."""
    return replace(score, notes=notes)
