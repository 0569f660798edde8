"""What control and the realtime process say to each other. Times are bridge.clocks.now seconds; beats count from the
transport's start; channels are 0..15."""

import msgspec

from models.contract import Note


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


# ---- control → realtime


class SetTempo(Message):
    """Change the internal clock's tempo, in beats per minute; the beat goes on from where it is."""

    bpm: float


class SetMeter(Message):
    """Beats in a bar, from the next bar on."""

    beats_per_bar: int


class Downbeat(Message):
    """The moment ``time`` is the first beat of a bar (the nearest bar line moves there)."""

    time: float


class Play(Message):
    """Play notes whose starts count from the absolute beat ``beat``; a phrase may come in parts, as it is decoded."""

    phrase: int
    beat: float
    notes: tuple[Note, ...]


class EndPhrase(Message):
    """Forget what of the phrase has not sounded, and end what sounds."""

    phrase: int


class HeardNote(Message):
    """A note that came in over OSC, for the now page; velocity 0 ends it."""

    channel: int
    pitch: int
    velocity: int


class OscTarget(Message):
    """An address on the network that takes notes over UDP."""

    host: str
    port: int
    pairs: bool
    """Wants ``/music/note/out channel pitch velocity``, velocity 0 ends."""
    lengths: bool
    """Wants ``/music/note/length channel pitch velocity beats``."""


class SetOscTargets(Message):
    """Replaces all targets."""

    targets: tuple[OscTarget, ...]


class Panic(Message):
    """Forget everything scheduled and end every sounding note, now."""


class Stop(Message):
    """End every note and exit."""


Command = SetTempo | SetMeter | Downbeat | Play | EndPhrase | HeardNote | SetOscTargets | Panic | Stop


# ---- realtime → control


class Ready(Message):
    """Notes can be played from now on."""

    scheduling: str
    """Such as ``SCHED_FIFO 60`` or ``best effort (…why…)``."""
    backend: str
    """MIDI back-end, such as ``UNIX_JACK``, or empty."""
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    problems: tuple[str, ...]
    """For the performer, each with what to do about it."""


class NoteHeard(Message):
    """A note arrived on a MIDI input; velocity 0 ends it."""

    time: float
    beat: float
    channel: int
    pitch: int
    velocity: int


class NoteSent(Message):
    """A note was sent to every output; velocity 0 ends it."""

    time: float
    beat: float
    channel: int
    pitch: int
    velocity: int
    duration: float
    """Beats; 0 for an end."""
    phrase: int
    late: float
    """Seconds between when it was due and when it was sent."""


class BeatPassed(Message):
    """A beat of the running transport."""

    beat: int
    bar: int
    beat_in_bar: int
    time: float


class Silenced(Message):
    """All notes have been ended, after Panic; how many sounded."""

    ended: int


class Problem(Message):
    """Something the performer should know."""

    text: str


Event = Ready | NoteHeard | NoteSent | BeatPassed | Silenced | Problem
