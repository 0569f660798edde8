"""MIDI ports, by mido over python-rtmidi. What is missing is a problem to tell of, never fatal."""

import contextlib
import os
import queue
import select
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import mido

from bridge.clocks import now
from bridge.realtime.outputs import MidiOutput

NAME = "Antiphon"
"""Of our own ports; on ALSA and JACK their clients are ``Antiphon-in`` and ``Antiphon-out``."""
SEQUENCER = Path("/dev/snd/seq")
FLUSH = 0.05
"""Seconds for JACK to fetch what was sent last, before the port goes: two periods of the longest usual size."""


class Heard(NamedTuple):
    """A note that arrived at ``time``; velocity 0 ends it."""

    time: float
    channel: int
    pitch: int
    velocity: int


class MidiInputs:
    """Takes notes from the back-end's threads to the process's loop, which waits on it with select()."""

    def __init__(self) -> None:
        self._notes: queue.SimpleQueue[Heard] = queue.SimpleQueue()
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """For select()."""
        return self._reader.fileno()

    def receive(self, event: tuple[Sequence[int], float], _: object = None) -> None:
        """Stamp what arrived, a message and rtmidi's own time; called on any thread. Only notes are kept."""
        time = now()
        if note := parse_note(event[0]):
            self._notes.put(Heard(time, *note))
            with contextlib.suppress(OSError):  # full: then the loop is about to wake anyway; or closed
                self._writer.send(b"\0")

    def take(self) -> list[Heard]:
        """Return what has arrived, in order."""
        with contextlib.suppress(OSError):
            while self._reader.recv(4096):
                pass
        notes = []
        with contextlib.suppress(queue.Empty):
            while True:
                notes.append(self._notes.get_nowait())
        return notes

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


class MidiPorts:
    """The open ports."""

    def __init__(self, inputs: Sequence[str], outputs: Sequence[str], heard: MidiInputs) -> None:
        """Open the named ports, or where none are named one of our own."""
        self.problems: list[str] = []
        self.inputs: list[Any] = []
        self.outputs: list[MidiOutput] = []
        self._jack = JackWatch()
        self._lost = False
        self.backend, problem = choose_backend()
        if not self.backend:
            self.problems.append(problem)
            return
        backend = mido.Backend(f"mido.backends.rtmidi/{self.backend}")
        for name in inputs or [""]:
            port = self._open(backend.open_input, backend.get_input_names, "in", name)
            if port is not None:
                # mido's own callback raises on some malformed messages, and decodes before a time could be taken.
                port._rt.cancel_callback()
                port._rt.set_callback(heard.receive)
                self.inputs.append(port)
        for name in outputs or [""]:
            port = self._open(backend.open_output, backend.get_output_names, "out", name)
            if port is not None:
                self.outputs.append(MidiOutput(port))

    def lost(self) -> str:
        """Return what to tell, once, when the ports are gone with their JACK server; else nothing.

        Not one message more may be sent then: the back-end would wait for the server without end.
        """
        if self._lost or self._jack.alive():
            return ""
        self._lost = True
        return "the JACK server ended, and the MIDI ports with it: start it, then Antiphon again"

    def close(self) -> None:
        """Close what is open, after the back-end has had time to send the last notes."""
        if self._lost or self.lost():
            return  # there is nobody to take leave of
        if self.backend == "UNIX_JACK" and self.outputs:
            time.sleep(FLUSH)
        for output in self.outputs:
            output.close()
        for port in self.inputs:
            with contextlib.suppress(Exception):
                port.close()

    def _open(self, opener: Any, list_names: Any, way: str, name: str) -> Any:
        setting = f"--midi-{way}put"
        before = self._jack.sockets() if self.backend == "UNIX_JACK" else None
        try:
            if name:
                return opener(find(name, list_names(), f"MIDI {way}put", setting))
            if self.backend != "WINDOWS_MM":
                return opener(NAME, client_name=f"{NAME}-{way}")
            self.problems.append(
                f"Windows has no MIDI ports of our own: install loopMIDI, add a port there and name it with {setting};"
                f" there are now: {', '.join(list_names()) or 'none'}"
            )
        except Exception as error:  # noqa: BLE001  (each back-end raises its own kinds)
            self.problems.append(f"the MIDI {way}put {name or NAME} could not be opened: {error}")
        finally:
            if before is not None:
                self._jack.watch(self._jack.sockets() - before)
        return None


class JackWatch:
    """Tells whether the JACK server lives, which python-rtmidi does not: by its library's sockets to the server."""

    def __init__(self) -> None:
        self._poll = select.poll() if sys.platform == "linux" else None

    def sockets(self) -> set[int]:
        """Return the sockets that this process has open."""
        found = set()
        if self._poll is not None:
            for entry in Path("/proc/self/fd").iterdir():
                with contextlib.suppress(OSError):  # the folder's own entry is gone by now
                    if entry.is_socket():
                        found.add(int(entry.name))
        return found

    def watch(self, sockets: set[int]) -> None:
        """From now on these are the ones to the server."""
        if self._poll is not None:
            for number in sockets:
                self._poll.register(number, 0)  # only the end of the other side is told

    def alive(self) -> bool:
        """Whether the server still is at the other end. Takes a microsecond."""
        return self._poll is None or not self._poll.poll(0)


def find(name: str, there: Sequence[str], kind: str, setting: str) -> str:
    """Return the port whose name is ``name``, or else the only one that contains it, in any case.

    Raises ValueError.
    """
    found = [port for port in there if port == name] or [port for port in there if name.lower() in port.lower()]
    if len(set(found)) == 1:
        return found[0]
    listed = ", ".join(found or there) or "none"
    rule = f"fits {len(found)} ports" if found else f"is no {kind}"
    raise ValueError(f"{name!r} {rule}; there are: {listed}; name one of them with {setting}")


def choose_backend(system: str = sys.platform, sequencer: Path = SEQUENCER) -> tuple[str, str]:
    """Return rtmidi's name of the back-end to use; where it is empty, what to do about that."""
    try:
        import rtmidi
    except ImportError as error:
        return "", f"MIDI ports cannot be used ({error}): pip install python-rtmidi; notes go over OSC meanwhile"
    if system == "win32":
        return "WINDOWS_MM", ""
    if system == "darwin":
        return "MACOSX_CORE", ""
    if sequencer.exists():
        return "LINUX_ALSA", ""
    os.environ["JACK_NO_START_SERVER"] = "1"  # its library would start a server of its own
    try:
        with _quiet_stderr():
            rtmidi.MidiOut(rtapi=rtmidi.API_UNIX_JACK).delete()
    except (OSError, rtmidi.RtMidiError):
        return "", (
            f"no MIDI: there is neither ALSA's sequencer ({sequencer}; sudo modprobe snd-seq) nor a JACK server"
            " (such as: jackd -S -d dummy -r 48000 -p 256); start one, then Antiphon again; notes go over OSC meanwhile"
        )
    return "UNIX_JACK", ""


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """JACK's library writes five lines when there is no server, which is no error here."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
