"""What control and the media process say to each other."""

import msgspec


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


# ---- control → media


class Stop(Message):
    """End every stream and exit when this is read."""


Command = Stop


# ---- media → control


class Ready(Message):
    """Frames are served from now on."""

    url: str
    """Of the page, such as ``http://127.0.0.1:8080/``."""
    sinks: tuple[str, ...]
    """Paths under it that frames can be had from, such as ``/frames.mjpeg``."""


class Alive(Message):
    """Sent every second, with what the last one measured.

    ``readers``, ``encodes_per_s``, ``sends_per_s`` (frames to readers); and, while somebody reads,
    ``frame_age_p50_ms`` (generated → taken by a sink) and ``sent_age_p50_ms`` (generated → handed to the system).
    """

    figures: dict[str, float]


class Problem(Message):
    """Something the performer should know; media goes on."""

    text: str


Event = Ready | Alive | Problem
