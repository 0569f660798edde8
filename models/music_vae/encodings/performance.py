"""Performances as events: note on, note off, time shift, velocity (note_seq `performance_lib.py` MetricPerformance).

24 steps a quarter; 8 velocity bins of 16. An event is its class: 0..127 note on, 128..255 note off, 256..351 a shift of
1..96 steps, 352..359 velocity.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

STEPS_PER_QUARTER = 24
STEPS_PER_BAR = 96
NOTE_ON, NOTE_OFF, SHIFT, VELOCITY, EVENTS = 0, 128, 256, 352, 360
VELOCITY_BIN = 16
START_VELOCITY = 100


class PerformedNote(NamedTuple):
    """A note in steps of a bar; ``order`` is what notes are sorted by that begin together."""

    start: int
    end: int
    pitch: int
    velocity: int
    order: float


def events(notes: Iterable[PerformedNote]) -> list[int]:
    """The events of notes, up to the last one's end."""
    ordered = sorted(notes, key=lambda note: (note.order, note.pitch))
    moments = sorted(
        [(note.start, number, False) for number, note in enumerate(ordered)]
        + [(note.end, number, True) for number, note in enumerate(ordered)]
    )
    found: list[int] = []
    now = loudness = 0
    for step, number, is_end in moments:
        note = ordered[number]
        if step > now:
            found += shifts(step - now)
            now = step
        if is_end:
            found.append(NOTE_OFF + note.pitch)
            continue
        bin_number = (note.velocity - 1) // VELOCITY_BIN + 1
        if bin_number != loudness:
            loudness = bin_number
            found.append(VELOCITY + bin_number - 1)
        found.append(NOTE_ON + note.pitch)
    return found


def shifts(steps: int) -> list[int]:
    """Time shifts of so many steps, none longer than a bar."""
    full, rest = divmod(steps, STEPS_PER_BAR)
    return [SHIFT + STEPS_PER_BAR - 1] * full + ([SHIFT + rest - 1] if rest else [])


def in_one_bar(sequence: Sequence[int]) -> list[int]:
    """The events of exactly a bar: cut off behind it, or with its rest as a shift."""
    found = list(sequence)
    steps = sum(event - SHIFT + 1 for event in found if SHIFT <= event < VELOCITY)
    while steps > STEPS_PER_BAR:
        event = found.pop()
        if SHIFT <= event < VELOCITY:
            steps -= event - SHIFT + 1
    if steps < STEPS_PER_BAR and found and SHIFT <= found[-1] < VELOCITY:
        steps -= found.pop() - SHIFT + 1
    return found + shifts(STEPS_PER_BAR - steps)


def notes(sequence: Iterable[int]) -> list[PerformedNote]:
    """The notes of events, in the order in which they end; those never ended are ended at the end.

    Of notes of one pitch the first begun ends first; notes without length are none.
    """
    found: list[PerformedNote] = []
    sounding: dict[int, list[tuple[int, int]]] = {}
    now, velocity = 0, START_VELOCITY

    def end(pitch: int, start: int, loud: int) -> None:
        if now > start:
            found.append(PerformedNote(start, now, pitch, loud, start))

    for event in sequence:
        if event < NOTE_OFF:
            sounding.setdefault(event, []).append((now, velocity))
        elif event < SHIFT:
            if sounding.setdefault(event - NOTE_OFF, []):
                end(event - NOTE_OFF, *sounding[event - NOTE_OFF].pop(0))
        elif event < VELOCITY:
            now += event - SHIFT + 1
        else:
            velocity = 1 + (event - VELOCITY) * VELOCITY_BIN
    for pitch, begun in sounding.items():
        for start, loud in begun:
            end(pitch, start, loud)
    return found


def steps_of(sequence: Iterable[int]) -> list[int]:
    """The step at which each event happens."""
    found: list[int] = []
    now = 0
    for event in sequence:
        found.append(now)
        if SHIFT <= event < VELOCITY:
            now += event - SHIFT + 1
    return found
