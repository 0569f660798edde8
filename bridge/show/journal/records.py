"""What a journal holds. Times are bridge.clocks.now seconds of the machine that wrote it; channels are 0..15."""

from typing import Literal

import msgspec

from models.contract import Value


class Record(msgspec.Struct, array_like=True, tag=True, frozen=True):
    """Base of all records."""

    time: float


class Begun(Record, frozen=True):
    """A file begins: with the bridge, or because the one before is full."""

    unix: float
    """The same moment in seconds since 1970."""
    version: str
    values: dict[str, Value]
    """Every parameter."""
    size: tuple[int, int]
    """Width and height of the frames in pixels."""


class Done(Record, frozen=True):
    """An action was asked for, or a note came in, over OSC or from the page or a controller."""

    path: str
    values: tuple[bool | int | float | str | None, ...]


class Changed(Record, frozen=True):
    """A parameter was set, by whatever."""

    path: str
    value: Value


class Moved(Record, frozen=True):
    """Where modulators have moved parameters; all others are where they were set."""

    values: dict[str, float]


class Clock(Record, frozen=True):
    """Where the beat is from now on, as bridge.realtime.now.Beat has it."""

    beat_time: float
    beat: float
    tempo: float
    bar_beat: int
    bar: int
    beats_per_bar: int
    playing: bool


class Sounded(Record, frozen=True):
    """A note was heard (the call) or sent (the answer); velocity 0 ends it."""

    voice: Literal["call", "answer"]
    beat: float
    channel: int
    pitch: int
    velocity: int
    duration: float
    """Beats, of an answer's note; else 0."""


class Quality(Record, frozen=True):
    """The frames' step of quality, 0 is the best."""

    level: int


Any = Begun | Done | Changed | Moved | Clock | Sounded | Quality
