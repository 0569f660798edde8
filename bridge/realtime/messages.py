"""What control and the realtime process say to each other. Times are bridge.clocks.now seconds; beats count from the
transport's start; channels are 0..15."""

from typing import Literal

import msgspec

from bridge.realtime.mapping import Mapping
from models.contract import Note

Source = Literal["internal", "midi", "link", "host"]
"""Who leads the clock."""


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


# ---- control → realtime


class SetTempo(Message):
    """Change the internal clock's tempo, in beats per minute; the beat goes on from where it is."""

    bpm: float


class Ramp(Message):
    """The internal clock glides to that tempo, over so many beats."""

    bpm: float
    beats: float


class Tap(Message):
    """The performer tapped a beat."""

    time: float


class Transport(Message):
    """Start from the first bar, stop, or go on."""

    do: Literal["start", "stop", "continue"]


class SetSource(Message):
    """Who leads the clock; it goes on from where it is."""

    source: Source


class SetClock(Message):
    """How a clock from elsewhere is followed, and who gets one from here."""

    coast: float
    """Beats for which the clock goes on when it hears no MIDI clock any more."""
    offset: float
    """Seconds by which our beat comes before what the source tells."""
    outputs: str
    """Names of MIDI outputs that get a MIDI clock, separated by commas; ``*``: all of them."""


class SourceSays(Message):
    """What a host or Link said at ``time``; None where it did not say."""

    source: Literal["host", "link"]
    time: float
    tempo: float | None = None
    playing: bool | None = None
    beat: float | None = None
    """Where its song is, in beats."""


class SetMeter(Message):
    """Beats in a bar, from the next bar on."""

    beats_per_bar: int


class Downbeat(Message):
    """The moment ``time`` is the first beat of a bar (the nearest bar line moves there)."""

    time: float


class ArmDownbeat(Message):
    """The next note that is heard is a downbeat, or is not any more; a stopped clock starts with it."""

    on: bool


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
    time: float = 0.0
    """When; 0: now."""
    tell: bool = False
    """Answer with NoteHeard, as for notes over MIDI."""


class SetEcho(Message):
    """For so many seconds after a note was sent, the same pitch coming in is taken for its echo."""

    window: float


class OscTarget(Message):
    """An address on the network that takes notes over UDP."""

    host: str
    port: int
    pairs: bool
    """Wants ``/music/note/out channel pitch velocity``, velocity 0 ends."""
    lengths: bool
    """Wants ``/music/note/length channel pitch velocity beats``."""
    beats: bool = False
    """Wants ``/clock/beat beat bar beat_in_bar``."""
    bars: bool = False
    """Wants ``/clock/bar bar beat``."""
    heard: bool = False
    """Wants ``/music/note/heard channel pitch velocity`` of what is played in over MIDI."""


class SetOscTargets(Message):
    """Replaces all targets."""

    targets: tuple[OscTarget, ...]


class SetMapping(Message):
    """How MIDI output ``number``, counted from 1, plays from now on; lost where there are not that many."""

    number: int
    mapping: Mapping


class Panic(Message):
    """Forget everything scheduled and end every sounding note, now."""

    hard: bool = False
    """Then also send controllers 123 and 120 (all notes off, all sound off) on every channel of every MIDI output."""


class SendControl(Message):
    """Send a MIDI message to every MIDI output now, as it is: what a controller is to show."""

    data: bytes


class Stop(Message):
    """End every note and exit."""


Command = (
    SetTempo
    | Ramp
    | Tap
    | Transport
    | SetSource
    | SetClock
    | SourceSays
    | SetMeter
    | Downbeat
    | ArmDownbeat
    | Play
    | EndPhrase
    | HeardNote
    | SetEcho
    | SetOscTargets
    | SetMapping
    | Panic
    | SendControl
    | Stop
)


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


class MidiPorts(Message):
    """MIDI ports came or went; as in Ready."""

    backend: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class NoteHeard(Message):
    """A note arrived on a MIDI input; velocity 0 ends it."""

    time: float
    beat: float
    channel: int
    pitch: int
    velocity: int
    device: str = ""
    """Whose it is, where that is known: of one of several, a line each, where it is not known which."""


class MidiHeard(Message):
    """A message of a MIDI channel arrived that is neither a note nor a controller: a bend, a program, pressure."""

    data: bytes
    device: str = ""


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


class ControlHeard(Message):
    """A controller arrived on a MIDI input, such as the sustain pedal, 64."""

    time: float
    beat: float
    channel: int
    control: int
    value: int
    device: str = ""


class EchoHeard(Message):
    """A note that was sent came back over MIDI after ``delay`` seconds; it was left out if the window is as long."""

    delay: float


class ClockIs(Message):
    """The clock's tempo in beats per minute, whether it plays, and how it stands to its source."""

    tempo: float
    playing: bool
    state: str
    """free, following, gliding (still off the source's beat), coasting or lost."""
    jitter: float
    """Seconds: how far the source's ticks lie from their line (root mean square)."""


class Alive(Message):
    """Sent every second while the clock stands."""


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


Event = (
    Ready
    | MidiPorts
    | NoteHeard
    | ControlHeard
    | MidiHeard
    | EchoHeard
    | NoteSent
    | ClockIs
    | Alive
    | BeatPassed
    | Silenced
    | Problem
)
