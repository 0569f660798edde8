"""Where notes go: MIDI ports, OSC listeners, and a recording for tests. Channels are 0..15 here."""

import contextlib
import ipaddress
import select
import socket
from typing import Any, NamedTuple, Protocol

from bridge.osc.wire import encode
from bridge.realtime.messages import BeatPassed, NoteHeard, OscTarget

NOTE_PATH = "/music/note/out"
LENGTH_PATH = "/music/note/length"
HEARD_PATH = "/music/note/heard"
BEAT_PATH = "/clock/beat"
BAR_PATH = "/clock/bar"
PATIENCE = 0.005
"""Seconds that a full network buffer is given before its listener is dropped."""


class OutputError(Exception):
    """An output takes no more notes; the text says why and what to do."""


class Output(Protocol):
    """Takes notes at the moment they are to sound, or ahead of it."""

    name: str

    @property
    def ahead(self) -> float:
        """Seconds before its time that an event is wanted; 0 for outputs that send at once whatever they are given."""
        ...

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        """A note begins at ``time`` and is to last ``beats``. Raises OutputError."""
        ...

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        """A note ends; ``cut``: before its duration was over. Raises OutputError."""
        ...

    def raw(self, data: bytes, time: float) -> None:
        """A whole MIDI message of another kind, where the output takes such. Raises OutputError."""
        ...

    def close(self) -> None:
        """Let go of the output; never raises."""
        ...


class Sent(NamedTuple):
    """What RecordingOutput remembers; velocity 0 is an end."""

    time: float
    channel: int
    pitch: int
    velocity: int
    beats: float
    cut: bool


class RecordingOutput:
    """Remembers what it was sent."""

    def __init__(self, name: str = "recording", ahead: float = 0.0) -> None:
        self.name = name
        self.ahead = ahead
        self.sent: list[Sent] = []
        self.raws: list[tuple[float, bytes]] = []
        self.broken = False
        """Set by a test, to fail from then on."""
        self.closed = False

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        self._record(Sent(time, channel, pitch, velocity, beats, False))

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        self._record(Sent(time, channel, pitch, 0, 0.0, cut))

    def raw(self, data: bytes, time: float) -> None:
        self.raws.append((time, data))

    def close(self) -> None:
        self.closed = True

    def _record(self, sent: Sent) -> None:
        if self.broken:
            raise OutputError(f"{self.name} is broken: mend it")
        self.sent.append(sent)


class MidiOutput:
    """A MIDI port."""

    ahead = 0.0

    def __init__(self, port: Any) -> None:
        """``port`` is an open mido output."""
        self.name = str(port.name)
        self._port = port
        # Past mido's message objects: checking and encoding them, in cold caches, takes longer than all the rest.
        self._send_message = port._rt.send_message

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        self._send([0x90 | channel, pitch, velocity])

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        self._send([0x80 | channel, pitch, 0])

    def raw(self, data: bytes, time: float) -> None:
        self._send(list(data))

    def close(self) -> None:
        with contextlib.suppress(Exception):  # a back-end may raise anything, and there is nothing left to put right
            self._port.close()

    def _send(self, message: list[int]) -> None:
        try:
            self._send_message(message)
        except Exception as error:  # each back-end raises its own kinds
            raise OutputError(
                f"the MIDI port {self.name} failed ({error}); it is tried again, and what sounded there is ended then"
            ) from error


class OscOutput:
    """A listener on the network, which asked for pairs of messages, for one with the note's duration, or for both."""

    ahead = 0.0

    def __init__(self, target: OscTarget, sock: socket.socket) -> None:
        """Notes are sent from ``sock``, a UDP socket. Raises ValueError where the host is no IP address."""
        address = ipaddress.ip_address(target.host)  # a name would have to be looked up, which may take seconds
        host = f"::ffff:{address}" if address.version == 4 and sock.family == socket.AF_INET6 else str(address)
        self.name = f"{target.host}:{target.port}"
        self._socket, self._address = sock, (host, target.port)
        self._pairs, self._lengths = target.pairs, target.lengths
        self._beats, self._bars, self._heard = target.beats, target.bars, target.heard

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        if self._pairs:
            self._send(encode(NOTE_PATH, (channel + 1, pitch, velocity)))
        if self._lengths:
            self._send(encode(LENGTH_PATH, (channel + 1, pitch, velocity, float(beats))))

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        if self._pairs:
            self._send(encode(NOTE_PATH, (channel + 1, pitch, 0)))
        if self._lengths and cut:
            self._send(encode(LENGTH_PATH, (channel + 1, pitch, 0, 0.0)))

    def tell(self, event: BeatPassed | NoteHeard) -> None:
        """A beat passes, or the player plays a note; sent where it is wanted. Raises OutputError."""
        if isinstance(event, NoteHeard):
            if self._heard:
                self._send(encode(HEARD_PATH, (event.channel + 1, event.pitch, event.velocity)))
            return
        if self._bars and event.beat_in_bar == 0:
            self._send(encode(BAR_PATH, (event.bar, event.beat)))
        if self._beats:
            self._send(encode(BEAT_PATH, (event.beat, event.bar, event.beat_in_bar)))

    def raw(self, data: bytes, time: float) -> None:
        """Not for listeners to notes."""

    def close(self) -> None:
        """The socket belongs to the process, and stays open."""

    def _send(self, datagram: bytes) -> None:
        try:
            try:
                self._socket.sendto(datagram, self._address)
            except BlockingIOError:
                select.select([], [self._socket], [], PATIENCE)
                self._socket.sendto(datagram, self._address)
        except OSError as error:
            raise OutputError(
                f"notes can no longer be sent to {self.name} ({error}): send /subscribe again from there"
            ) from error
