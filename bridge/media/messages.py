"""What control says to media and to the processes of sinks and sources, and what they say to it."""

import msgspec

from models.contract import Value


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


# ---- control → media


class Configure(Message):
    """A sink's or source's parameters from now on, ``on`` among them."""

    at: str
    """Its address, such as ``/sinks/ndi``."""
    params: dict[str, Value]


class Stop(Message):
    """End every stream and exit when this is read."""


Command = Configure | Stop


# ---- media → control


class Ready(Message):
    """Frames are served from now on."""

    url: str
    """Of the page, such as ``http://127.0.0.1:8080/``."""
    sinks: tuple[str, ...]
    """Paths under it that frames can be had from, such as ``/frames.mjpeg``."""


class Alive(Message):
    """Sent every second, with what the last one measured.

    By a sink's own process: ``fps`` and ``age_p50_ms`` (generated → sent). By media: ``readers``, ``encodes_per_s``,
    ``sends_per_s`` (frames to readers); and, while somebody reads, ``frame_age_p50_ms`` (generated → taken by a sink)
    and ``sent_age_p50_ms`` (generated → handed to the system).
    """

    figures: dict[str, float]


class Problem(Message):
    """Something the performer should know; media goes on."""

    text: str


class Failed(Message):
    """From a sink's or source's process: it cannot do what is asked of it and is to be turned off."""

    text: str


Event = Ready | Alive | Problem | Failed
