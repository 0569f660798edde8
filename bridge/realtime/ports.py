"""MIDI ports, by mido over python-rtmidi. What is missing is a problem to tell of, never fatal."""

import contextlib
import os
import re
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import mido

from bridge.clocks import now
from bridge.realtime.inputs import MidiInputs
from bridge.realtime.journal import Described, Journal
from bridge.realtime.kept import KeptOutput
from bridge.realtime.outputs import MidiOutput, Output

NAME = "Antiphon"
"""Of our own ports; on ALSA and JACK their clients are ``Antiphon-in`` and ``Antiphon-out``."""
SEQUENCER = Path("/dev/snd/seq")
JACK = "UNIX_JACK"
LOOK_EVERY = 1.0
"""Seconds from one look for ports that came or went to the next."""
FLUSH = 0.05
"""Seconds for JACK to fetch what was sent last, before the port goes: two periods of the longest usual size."""


def _own_name(place: int) -> str:
    return f"{NAME} {place + 1}" if place else NAME


def device_of(port: str) -> str:
    """A port's name without the numbers that ALSA and a2j give it anew each time that it is plugged in."""
    return re.sub(r" \[\d+\]| \d+:\d+$", "", port)


class Ports(Protocol):
    """The MIDI ports, whatever carries them."""

    backend: str
    """As rtmidi names it; empty where there is none."""

    @property
    def inputs(self) -> Sequence[str]:
        """Names of the inputs that are open."""
        ...

    @property
    def open(self) -> Sequence[str]:
        """Names of the outputs that are open."""
        ...

    @property
    def outputs(self) -> Sequence[Output]:
        """Every output, open or not: a port that is gone may come back."""
        ...

    @property
    def stuck(self) -> bool:
        """Whether only another process can use the ports again."""
        ...

    def adopt(self, described: Described, notes: Sequence[tuple[int, int]]) -> bool:
        """See to what another process left on a port like one of ours; False where there is none. Before start()."""
        ...

    def start(self) -> Sequence[str]:
        """Open the ports, and end what others left; return what the performer should know."""
        ...

    def poll(self) -> Sequence[str]:
        """Do what is to be done on the loop's thread; return what the performer should know since last time."""
        ...

    def close(self) -> None:
        """Close what is open, after the back-end has had time to send the last notes."""
        ...


def choose_ports(
    inputs: Sequence[str],
    outputs: Sequence[str],
    own: int,
    heard: MidiInputs,
    journal: Journal,
    state: Path | None = None,
) -> Ports:
    """Return the ports for this system, not opened yet; ``own`` is how many outputs there are at least, ``state`` the
    folder of what is kept from one start to the next.

    JACK is used where Linux has no ALSA sequencer, through its own library where that can be loaded.
    """
    if sys.platform == "linux" and not SEQUENCER.exists():
        with contextlib.suppress(ImportError, OSError):
            from bridge.realtime.jack_ports import JackPorts

            return JackPorts(inputs, outputs, own, heard, journal, state)
    return MidiPorts(inputs, outputs, heard, journal, own)


class MidiPorts:
    """Ports over rtmidi; those that are named in the settings come back when their device does."""

    stuck = False

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        heard: MidiInputs,
        journal: Journal | None = None,
        own: int = 1,
    ) -> None:
        """Ports that are not named are ports of our own."""
        self._heard = heard
        self._jack = JackWatch()
        self._lost = False
        self._news: deque[str] = deque()
        self._found: deque[tuple[str, int, Any]] = deque()
        """What the watcher opened: way, place and port (None: it is gone)."""
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        self._names: dict[str, list[str]] = {"in": list(inputs) or [""], "out": list(outputs)}
        self._names["out"] += [""] * (max(own, 1) - len(outputs))
        self._open_as: dict[tuple[str, int], str] = {}
        """The names under which ports are open."""
        self._in: dict[int, Any] = {}
        self._backend: Any = None
        self.backend, self._problem = choose_backend()
        self.outputs: list[KeptOutput] = []
        journal = journal or Journal.open(None)
        for place, name in enumerate(self._names["out"] if self.backend else ()):
            shown = name or _own_name(place)
            slot = journal.slot(Described(self.backend, shown))
            self.outputs.append(KeptOutput(shown, slot, None, now, self._news.append))

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs that are open."""
        return [str(port.name) for port in self._in.values()]

    @property
    def open(self) -> list[str]:
        """Names of the outputs that are open."""
        return [output.inner.name for output in self.outputs if output.inner is not None]

    def adopt(self, described: Described, notes: Sequence[tuple[int, int]]) -> bool:
        """See to what another process left on a port of the same name; False where there is none. Before start()."""
        for output in self.outputs:
            if (described.kind, described.name) == (self.backend, output.name):
                for note in notes:
                    output.slot.begin(*note)
                return True
        return False

    def start(self) -> list[str]:
        """Open the ports, and end what others left; return what the performer should know."""
        if not self.backend:
            return [self._problem]
        self._backend = mido.Backend(f"mido.backends.rtmidi/{self.backend}")
        problems = []
        for way, names in self._names.items():
            for place, name in enumerate(names):
                try:
                    port = self._open(way, place)
                except Exception as error:  # noqa: BLE001  (each back-end raises its own kinds)
                    problems.append(f"the MIDI {way}put {name or NAME} could not be opened: {error}")
                else:
                    if isinstance(port, str):
                        problems.append(port)
                    else:
                        self._use(way, place, port)
        if self.backend != JACK:
            self._watcher = threading.Thread(target=self._watch, name="MIDI ports", daemon=True)
            self._watcher.start()
        return problems

    def poll(self) -> list[str]:
        """Take ports that came and went; return what the performer should know since last time."""
        while self._found:
            way, place, port = self._found.popleft()
            name = self._open_as.get((way, place)) or self._names[way][place]
            if port is None:
                self._drop(way, place)
                self._news.append(f"the MIDI {way}put {name} is gone; it is used again as soon as it is back")
            else:
                self._use(way, place, port)
                self._news.append(f"the MIDI {way}put {port.name} is there")
        if not self._lost and not self._jack.alive():
            # Not one message more may be sent: the back-end would wait for the server without end.
            self._lost = True
            for output in self.outputs:
                output.inner = None
            self._news.append("the JACK server ended, and the MIDI ports with it: start it, then Antiphon again")
        news = list(self._news)
        self._news.clear()
        return news

    def close(self) -> None:
        """Close what is open, after the back-end has had time to send the last notes."""
        self._stop.set()
        if self._watcher is not None:
            self._watcher.join(2.0)
        if self._lost or not self._jack.alive():
            return  # there is nobody to take leave of
        if self.backend == JACK and self.outputs:
            time.sleep(FLUSH)
        for output in self.outputs:
            output.close()
        for port in self._in.values():
            with contextlib.suppress(Exception):
                port.close()

    def _use(self, way: str, place: int, port: Any) -> None:
        self._open_as[way, place] = str(port.name)
        if way == "in":
            # mido's own callback raises on some malformed messages, and decodes before a time could be taken.
            port._rt.cancel_callback()
            # A port of our own does not tell who is connected to it.
            port._rt.set_callback(self._heard.receive, device_of(port.name) if self._names["in"][place] else "")
            self._in[place] = port
        else:
            self.outputs[place].restore(MidiOutput(port))

    def _drop(self, way: str, place: int) -> None:
        self._open_as.pop((way, place), None)
        if way == "out":
            self.outputs[place].lose()
        elif port := self._in.pop(place, None):
            with contextlib.suppress(Exception):
                port.close()

    def _open(self, way: str, place: int) -> Any:
        """Open a port; return it, or why there is none. Raises what the back-end raises, and ValueError."""
        name, setting = self._names[way][place], f"--midi-{way}put"
        opener = self._backend.open_input if way == "in" else self._backend.open_output
        before = self._jack.sockets() if self.backend == JACK else set()
        try:
            if name:
                return opener(find(name, self._there(way), f"MIDI {way}put", setting))
            if self.backend != "WINDOWS_MM":
                return opener(_own_name(place), client_name=f"{NAME}-{way}")
            return (
                f"Windows has no MIDI ports of our own: install loopMIDI, add a port there and name it with {setting};"
                f" there are now: {', '.join(self._there(way)) or 'none'}"
            )
        finally:
            if self.backend == JACK:
                self._jack.watch(self._jack.sockets() - before)

    def _there(self, way: str) -> list[str]:
        names: list[str] = self._backend.get_input_names() if way == "in" else self._backend.get_output_names()
        return names

    def _watch(self) -> None:
        """On a thread of its own, since asking may take long: look for named ports that came or went."""
        while not self._stop.wait(LOOK_EVERY):
            for way, names in self._names.items():
                if self._found:
                    break  # the loop has yet to take what was seen before
                with contextlib.suppress(Exception):  # each back-end raises its own kinds; the next look may succeed
                    self._look(way, names, self._there(way) if any(names) else ())

    def _look(self, way: str, names: Sequence[str], there: Sequence[str]) -> None:
        for place, name in enumerate(names):
            key = (way, place)
            is_open = key in self._open_as and (way == "in" or self.outputs[place].inner is not None)
            if name and is_open and self._open_as[key] not in there:
                self._found.append((way, place, None))
            elif not is_open and (name_fits(name, there) if name else self.backend != "WINDOWS_MM"):
                self._found.append((way, place, self._open(way, place)))
        if self._found:
            self._heard.wake()


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


def name_fits(name: str, there: Sequence[str]) -> bool:
    """Whether find() would find it."""
    with contextlib.suppress(ValueError):
        return bool(find(name, there, "", ""))
    return False


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
