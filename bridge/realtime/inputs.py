"""What arrives over MIDI, on its way from the back-end's threads to the loop."""

import contextlib
import queue
import socket
from collections.abc import Sequence
from typing import NamedTuple

from bridge.clocks import now


class Heard(NamedTuple):
    """A note that arrived at ``time``; velocity 0 ends it."""

    time: float
    channel: int
    pitch: int
    velocity: int
    device: str = ""
    """Whose it is, where that is known: of one of several, a line each, where it is not known which."""


class Raw(NamedTuple):
    """A whole MIDI message that is no note, and arrived at ``time``: clock, transport, controllers and the like."""

    time: float
    data: bytes
    device: str = ""


class MidiInputs:
    """Takes what arrives from the back-end's threads to the process's loop, which waits on it with select()."""

    def __init__(self) -> None:
        self._arrived: queue.SimpleQueue[Heard | Raw] = queue.SimpleQueue()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """For select()."""
        return self._reader.fileno()

    def receive(self, event: tuple[Sequence[int], float], device: object = None) -> None:
        """Stamp what arrived, a message and rtmidi's own time; called on any thread."""
        self.put(event[0], now(), str(device or ""))

    def put(self, data: Sequence[int], time: float, device: str = "") -> None:
        """Take a message that arrived at ``time``, from a device by name where that is known; called on any thread.

        Active sensing and malformed ones are not kept.
        """
        if note := parse_note(data):
            self._arrived.put(Heard(time, *note, device))
        elif is_raw(data):
            self._arrived.put(Raw(time, bytes(data), device))
        else:
            return
        with contextlib.suppress(OSError):  # full: then the loop is about to wake anyway; or closed
            self._writer.send(b"\0")

    def wake(self) -> None:
        """Have the loop look around, though nothing was played; called on any thread."""
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def take(self) -> list[Heard | Raw]:
        """Return what has arrived, in order."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass
        arrived = []
        with contextlib.suppress(queue.Empty):
            while True:
                arrived.append(self._arrived.get_nowait())
        return arrived

    def close(self) -> None:
        """To be called once the ports are closed; what still arrives is lost."""
        self._reader.close()
        self._writer.close()


def parse_note(data: Sequence[int]) -> tuple[int, int, int] | None:
    """Return a MIDI message's channel 0..15, pitch and velocity (0 for an end), or None where it is no whole note."""
    if len(data) != 3 or data[1] > 127 or data[2] > 127:
        return None
    match data[0] & 0xF0:
        case 0x90:
            return data[0] & 0x0F, data[1], data[2]
        case 0x80:
            return data[0] & 0x0F, data[1], 0
    return None


def is_raw(data: Sequence[int]) -> bool:
    """Whether these bytes are one whole MIDI message that is neither a note, nor system exclusive, nor active
    sensing."""
    if not data or len(data) != _LENGTHS.get(data[0] & 0xF0 if data[0] < 0xF0 else data[0]):
        return False
    return all(value <= 127 for value in data[1:])


_LENGTHS = {0xA0: 3, 0xB0: 3, 0xC0: 2, 0xD0: 2, 0xE0: 3, 0xF1: 2, 0xF2: 3, 0xF3: 2, 0xF8: 1, 0xFA: 1, 0xFB: 1, 0xFC: 1}
"""Bytes of a message by its status (without the channel)."""
