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


class Act(Message):
    """Have the model do an action. All are done, in order; each is told by Acted or NotDone."""

    act_id: int
    action: str
    arguments: dict[str, Value]
    params: dict[str, Value] = {}
    """A note model's, as are the rest."""
    heard: Phrase = Phrase((), 1)
    bars: int = 1
    call_id: int = 0
    """Under which the notes are sent; 0: nothing is."""


class SetParams(Message):
    """The frame model's parameters from now on: the newest replaces what was not yet read."""

    version: int
    params: dict[str, Value]
    slot: dict[str, Value]
    """What holds for every frame model, by its address without ``/frames/``."""


class GoLive(Message):
    """Show what is painted: in place of what others show, over so many seconds, from now or from the next bar line."""

    fade: float
    on_bar: bool


class Stop(Message):
    """Exit when this is read."""


Command = Answer | Act | SetParams | GoLive | Stop


# ---- worker → control


class Ready(Message):
    """The model is loaded and warm."""

    model: str
    seconds: float


class Faded(Message):
    """What was shown before is no longer seen."""


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


class Acted(Message):
    """An action was done."""

    act_id: int


class NotDone(Message):
    """An action cannot be done, and why."""

    act_id: int
    reason: str


class Alive(Message):
    """Sent at least every second while all is well, and what the worker measured."""

    figures: dict[str, float | str]


class Problem(Message):
    """Something the performer should know; the worker goes on."""

    text: str


Event = Ready | Faded | NoteReady | Answered | Refused | Acted | NotDone | Alive | Problem
