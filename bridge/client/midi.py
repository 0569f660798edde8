"""The server's MIDI ports, as a DAW on the same machine sees them."""

import contextlib
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


class MidiLink:
    """Plays into the server's MIDI input and keeps the notes of its output; a context manager that closes both."""

    def __init__(self, backend: str, to_server: str, from_server: str) -> None:
        """Open the ports with those names. ``backend`` is RtMidi's name, such as ``UNIX_JACK``. Raises OSError."""
        ports = _backend(backend)
        self._lock = threading.Lock()
        self._events: list[MidiEvent] = []
        with contextlib.ExitStack() as opened:
            self._output = opened.enter_context(ports.open_output(to_server))
            self._input = opened.enter_context(ports.open_input(from_server, callback=self._take))
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

    def __enter__(self) -> "MidiLink":
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


def _backend(name: str) -> Any:
    import mido

    return mido.Backend(f"mido.backends.rtmidi/{name}", load=True)
