"""What control and the process that listens say to each other."""

import msgspec


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


class Stop(Message):
    """Exit."""


Command = Stop


class Heard(Message):
    """The features of the newest block, 0 to 1, by name."""

    features: dict[str, float]


class Listening(Message):
    """Sound comes in from this device, or from none: then this is told again and again, as a sign of life."""

    device: str


class Problem(Message):
    """Something the performer should know."""

    text: str


Event = Heard | Listening | Problem
