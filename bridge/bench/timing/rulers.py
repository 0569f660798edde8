"""From what was heard to figures: due times, lateness, the spread of a beat. Pure."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bridge.measure.figures import percentile

Sent = TypeVar("Sent")
Heard = TypeVar("Heard")


def lateness(times: Sequence[float], beats: Sequence[float], grid: float, tempo: float) -> list[float]:
    """Seconds by which each of ``times``, at which the clock was at ``beats``, comes after its place on a grid of
    ``grid`` beats (before it, below 0); a place is at most half a step away."""
    found = []
    for _, beat in zip(times, beats, strict=True):
        off = beat - round(beat / grid) * grid
        found.append(off * 60.0 / tempo)
    return found


def spread(times: Sequence[float], step: float) -> list[float]:
    """How far each of ``times`` is from a steady pulse of ``step`` seconds through all of them, in seconds.

    The pulse is laid through their median, so that a constant delay does not count. Fewer than two: nothing.
    """
    if len(times) < 2:
        return []
    first = times[0]
    off = [time - first - round((time - first) / step) * step for time in times]
    middle = statistics.median(off)
    return [abs(one - middle) for one in off]


def paired(
    sent: Sequence[Sent], heard: Sequence[Heard], fits: Callable[[int, Heard], bool]
) -> Iterator[tuple[Sent, Heard]]:
    """What was sent and heard, in order; some may be lost. ``fits(number, heard)``: it may be what was sent as that
    number, counted from 0."""
    number = 0
    for one in heard:
        while number < len(sent) and not fits(number, one):
            number += 1
        if number == len(sent):
            return
        yield sent[number], one
        number += 1


def drift(values: Sequence[float]) -> float:
    """How much later the last tenth is than the first, by their medians. Raises ValueError with fewer than 20."""
    if len(values) < 20:
        raise ValueError(f"a drift needs at least 20 values, got {len(values)}")
    tenth = len(values) // 10
    return statistics.median(values[-tenth:]) - statistics.median(values[:tenth])


def first_seen(onsets: Sequence[float], frames: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds from when each note sounds until a frame that may show it has arrived.

    ``frames`` are (moment that it was painted for, when it arrived), in order.
    """
    found = []
    place = 0
    for onset in sorted(onsets):
        while place < len(frames) and frames[place][0] < onset:
            place += 1
        if place == len(frames):
            break
        found.append(frames[place][1] - onset)
    return found


def p50_p99(values: Sequence[float]) -> tuple[float, float]:
    """Both percentiles in milliseconds. Raises ValueError without values."""
    return round(percentile(values, 50) * 1000, 4), round(percentile(values, 99) * 1000, 4)
