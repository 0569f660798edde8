"""A player's MIDI ports on the same machine, which the server is told to connect to."""

import contextlib
import os
import threading
from types import TracebackType
from typing import Any

import msgspec

from bridge.clocks import now


class MidiEvent(msgspec.Struct, frozen=True):
    """A note that came from the server."""

    time: float
    """When it arrived, in bridge.clocks seconds."""
    channel: int
    """0..15."""
    pitch: int
    velocity: int
    """0 ends the note."""


class NoMidiError(Exception):
    """There are no MIDI ports to be had; the text says why."""


class MidiPlayer:
    """Two virtual ports, one that plays and one that hears; a context manager that closes both.

    A server that is started with :attr:`flags` connects to them, whatever other servers there are.
    """

    def __init__(self) -> None:
        """Open the ports. Raises NoMidiError."""
        from bridge.realtime.ports import choose_backend

        name, why = choose_backend()
        if not name:
            raise NoMidiError(why)
        if name == "WINDOWS_MM":
            raise NoMidiError("Windows has no virtual MIDI ports")
        import mido

        self.backend = name
        """RtMidi's name of what carries the notes, such as ``UNIX_JACK``."""
        ports = mido.Backend(f"mido.backends.rtmidi/{name}", load=True)
        client = f"antiphon-player-{os.getpid()}"
        self.flags = (f"--midi-input={client}-plays", f"--midi-output={client}-hears")
        """For ``antiphon serve``."""
        self._lock = threading.Lock()
        self._events: list[MidiEvent] = []
        with contextlib.ExitStack() as opened:
            try:
                self._output = opened.enter_context(ports.open_output("plays", client_name=f"{client}-plays"))
                opened.enter_context(ports.open_input("hears", client_name=f"{client}-hears", callback=self._take))
            except Exception as error:  # each back-end raises its own kinds
                raise NoMidiError(f"MIDI ports cannot be opened over {name}: {error}") from error
            self._opened = opened.pop_all()

    @property
    def events(self) -> list[MidiEvent]:
        """The notes that came so far."""
        with self._lock:
            return list(self._events)

    def send(self, pitch: int, velocity: int, channel: int = 0) -> float:
        """Play a note, or end it with velocity 0; return the time just before it left."""
        import mido

        message = mido.Message("note_on", channel=channel, note=pitch, velocity=velocity)
        time = now()
        self._output.send(message)
        return time

    def close(self) -> None:
        """Close both ports."""
        self._opened.close()

    def __enter__(self) -> "MidiPlayer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self, message: Any) -> None:
        time = now()
        if message.type in ("note_on", "note_off"):
            velocity = message.velocity if message.type == "note_on" else 0
            with self._lock:
                self._events.append(MidiEvent(time, message.channel, message.note, velocity))
