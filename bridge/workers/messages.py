"""What control and a worker say to each other."""

import msgspec

from models.contract import Note, Phrase, Value


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


# ---- control → worker


class Answer(Message):
    """Answer a call with so many bars, instead of whatever call is being answered."""

    call_id: int
    call: Phrase
    bars: int
    params: dict[str, Value]


class SetParams(Message):
    """The frame model's parameters from now on: the newest replaces what was not yet read."""

    version: int
    params: dict[str, Value]
    fps: float


class Stop(Message):
    """Exit when this is read."""


Command = Answer | SetParams | Stop


# ---- worker → control


class Ready(Message):
    """The model is loaded and warm."""

    model: str
    seconds: float


class NoteReady(Message):
    """The next note of an answer."""

    call_id: int
    note: Note


class Answered(Message):
    """All notes of an answer have been sent."""

    call_id: int


class Refused(Message):
    """A call cannot be answered, and why."""

    call_id: int
    reason: str


class Alive(Message):
    """Sent at least every second while all is well, and what the worker measured."""

    figures: dict[str, float]


class Problem(Message):
    """Something the performer should know; the worker goes on."""

    text: str


Event = Ready | NoteReady | Answered | Refused | Alive | Problem
