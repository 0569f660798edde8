"""Antiphon as a client of JACK: events go out at their frame; ports, server and connections come back by themselves.

The process callback runs on JACK's own thread and does no more than copy events in and out. What may take a while
(opening, connecting) is done on a thread of its own, the keeper: the realtime loop waits for nobody.
"""

import contextlib
import os
import sys
import threading
import time as sleeping
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bridge.clocks import now
from bridge.realtime import connections
from bridge.realtime.frame_clock import FrameClock
from bridge.realtime.inputs import MidiInputs
from bridge.realtime.jack_output import JackOutput
from bridge.realtime.journal import Described, Journal
from bridge.realtime.ports import JACK, SEQUENCER, JackWatch, device_of, find

CLIENT = "Antiphon"
SPARE = 0.002
"""Seconds, besides two periods, that an event is handed over before its time."""
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each try to reach a server that is gone; the last one again and again."""
MEANT = 0.5
"""Seconds after which a connection that is gone, though both ports are there, was meant to be cut."""
LOOK = 1.0
"""Seconds from one look at a server that says nothing to the next."""
DEAD = 10.0
"""Seconds without a call after which the server is taken to be gone, though it still is there."""
PATIENCE = 5.0
"""Seconds to wait for the ports at the start."""
SWITCH = 0.0002
"""Seconds that the loop may keep the interpreter while JACK's callback waits for it; 5 ms by default."""
STUCK = 10.0
"""Seconds that JACK's library may take for anything."""
EXACT = 1.0
"""Seconds to wait for the name of a predecessor, which JACK may not have buried yet."""
FLUSH = 0.5
"""Seconds at most to wait for the last events to be sent."""
CALM = 1.0
"""Seconds that the threads of a client without a server get to leave Python before it is closed. Closing cancels them
wherever they are (libjack, ``JackPosixThread::Kill``), and one that is cancelled on its way through the interpreter's
lock leaves that locked for good, and the whole process standing still."""
BACK = "the JACK server is there: the MIDI ports are open, and connected as they were"


class JackPorts:
    """Our client, its ports, and what they are connected to."""

    backend = JACK

    def __init__(
        self,
        inputs: Sequence[str],
        outputs: Sequence[str],
        own: int,
        heard: MidiInputs,
        journal: Journal,
        state: Path | None = None,
    ) -> None:
        """Nothing is opened yet; ``inputs`` and ``outputs`` name ports of others to be connected to, and ``own`` is how
        many outputs there are at least. Each input that is named is connected to a port of its own, so that it can be
        told from the others. Connections are kept in the folder ``state``. Raises ImportError or OSError
        where JACK's library is not there."""
        import jack

        self._jack = jack
        jack.set_error_function(lambda _: None)  # what goes wrong is told by exceptions and return values
        jack.set_info_function(lambda _: None)
        self._state: Path | None = state
        self._remembered = False
        self.server = os.environ.get("JACK_DEFAULT_SERVER", "default")
        self._heard = heard
        self._client: Any = None
        self._inputs: dict[str, Any] = {}
        """JACK's, by their short names."""
        self._devices: dict[str, str] = {}
        """What is connected to each, a line for each device."""
        self._frames = FrameClock()
        self._shut = ""
        """Why the server left us, until the keeper knows."""
        self._closing = False
        self._watch = JackWatch()
        self._alive = 0.0
        """When JACK called last."""
        self._asked: float | None = None
        """Since when the keeper has been waiting for JACK's library."""
        self._event = threading.Event()
        self._tried = threading.Event()
        """Set once the client was opened, or could not be."""
        self._keeper: threading.Thread | None = None
        self._news: deque[str] = deque()
        """For the performer."""
        self._names_in, self._names_out = tuple(inputs), tuple(outputs)
        names = ["out", *(f"out {number}" for number in range(2, max(own, len(outputs), 1) + 1))]
        self.outputs = [JackOutput(f"{CLIENT}:{name}", journal.slot(self._described(name))) for name in names]
        self._slots = {name: output.slot for name, output in zip(names, self.outputs, strict=True)}
        self._ins = ["in", *(f"in {number}" for number in range(2, len(inputs) + 1))]
        self._slots.update((name, journal.slot(self._described(name))) for name in self._ins)
        self._wanted: dict[str, list[str]] = {name: [] for name in self._slots}
        """Ports of others by our port's short name, to be connected whenever they are there."""
        self._gone: set[tuple[str, str]] = set()
        """Wanted connections whose other side is not there."""
        self._suspect: dict[tuple[str, str], float] = {}
        """Wanted connections that are cut though both sides are there, and since when."""
        self._missed: dict[tuple[str, str], set[tuple[int, int]]] = {}
        """Notes that sounded when a wanted connection was cut."""
        self._owed: dict[str, set[tuple[int, int]]] = {name: set() for name in self._slots}
        """Notes that are to be ended as soon as the port is open."""
        self._opened: dict[str, Any] = {}
        """JACK's ports by their short names."""
        self._fresh: deque[str] = deque(maxlen=1024)
        """Ports that were made since the keeper looked: whatever was connected to one of that name is not any more."""
        self._missing: set[str] = set()
        """Names of ports to connect to that nobody has yet."""
        self._patient = False

    # ---- for the loop

    @property
    def inputs(self) -> list[str]:
        """The names of the input ports that are open."""
        return [port.name for port in self._inputs.values()] if self._client else []

    @property
    def open(self) -> list[str]:
        """The names of the output ports that are open."""
        return [output.name for output in self.outputs if output.port is not None]

    def adopt(self, described: Described, notes: Sequence[tuple[int, int]]) -> bool:
        """Take over what a process that is gone left on a port like one of ours; False where there is none."""
        short = described.name.partition(":")[2]
        if (described.kind, described.server) != (JACK, self.server) or short not in self._slots:
            return False
        self._patient = True
        slot = self._slots[short]
        for note in notes:
            slot.begin(*note)
        for peer in described.connections:
            if peer not in self._wanted[short]:
                self._wanted[short].append(peer)
                self._gone.add((short, peer))
                self._missed[short, peer] = set(notes)
        self._describe(short)
        return True

    def start(self) -> list[str]:
        """Open what can be opened, and keep it open from now on; return what the performer should know."""
        sys.setswitchinterval(SWITCH)
        self._keeper = threading.Thread(target=self._keep, name="JACK keeper", daemon=True)
        self._keeper.start()
        if not self._tried.wait(PATIENCE):
            return [f"the JACK server {self.server!r} does not answer; the MIDI ports open when it does"]
        return self.poll()

    def poll(self) -> list[str]:
        """Return what the performer should know since last time."""
        news = []
        with contextlib.suppress(IndexError):
            while True:
                news.append(self._news.popleft())
        return news

    @property
    def stuck(self) -> bool:
        """Whether JACK's library has us wait without end: then only another process can help."""
        return self._asked is not None and now() - self._asked > STUCK

    def close(self) -> None:
        """Close the client, once the last events are out; that takes a few periods."""
        self._closing = True
        self._event.set()
        if self._keeper is not None:
            self._keeper.join(2 * FLUSH)
        client = self._client
        if client is None:
            return
        give_up = now() + FLUSH
        while not self._shut and now() < give_up and not all(output.idle for output in self.outputs):
            sleeping.sleep(0.002)
        if not self._shut:
            sleeping.sleep(2 * client.blocksize / client.samplerate)  # for the last of them to be read
        self._client = None
        for output in self.outputs:
            output.forget()
        if not self._shut:
            _close(client)

    # ---- JACK's threads

    def _process(self, frames: int) -> None:
        client = self._client
        if client is None:
            return
        try:
            rate = client.samplerate
            _, began = self._frames.read(client, now)
            self._alive = began
            for name, port in self._inputs.items():
                for offset, data in port.incoming_midi_events():
                    self._heard.put(bytes(data), began + offset / rate, self._devices.get(name, ""))
            for output in self.outputs:
                if output.port is not None:
                    output.write(output.port, began, frames, rate)
        except Exception as error:  # noqa: BLE001  (one more exception, and JACK would not call again)
            self._news.append(f"in JACK's callback: {error!r}")

    def _on_shutdown(self, status: object, reason: str) -> None:
        self._shut = reason or "it ended"
        for output in self.outputs:
            output.port = None
        self._event.set()

    def _on_registration(self, port: Any, register: bool) -> None:
        if register and port is not None:
            self._fresh.append(port.name)
        self._event.set()

    def _on_change(self, *_: object) -> None:
        self._event.set()

    def _on_blocksize(self, frames: int) -> None:
        client = self._client
        if client is not None:
            self._set_ahead(frames, client.samplerate)

    # ---- the keeper

    def _keep(self) -> None:
        self._asked = begun = now()
        try:
            self._open()
            if now() - begun > PATIENCE:
                self._tell(BACK)
        except (self._jack.JackError, OSError) as error:
            self._news.append(str(error))
        self._asked = None
        self._tried.set()
        tries = 0
        while not self._closing:
            if self._client is None:
                wait = BACKOFF[min(tries, len(BACKOFF) - 1)]
            else:
                wait = MEANT / 2 if self._suspect else LOOK
            self._event.wait(wait)
            self._event.clear()
            if self._closing:
                return
            if self._client is not None and not self._shut:
                if not self._watch.alive():
                    self._shut = "it is gone"
                elif now() - self._alive > DEAD:
                    self._shut = "it calls no more"
            self._asked = now()
            try:
                if self._shut:
                    self._lose()
                    tries = 0
                elif self._client is None:
                    tries += 1
                    self._open()
                    self._tell(BACK)
                else:
                    self._mend()
                    self._pay()
            except (self._jack.JackError, OSError):
                continue  # it is tried again
            finally:
                self._asked = None

    def _open(self) -> None:
        """Open the client and its ports. Raises JackError."""
        watch = JackWatch()
        before = watch.sockets()
        client = self._new_client()
        try:
            client.set_shutdown_callback(self._on_shutdown)
            client.set_process_callback(self._process)
            client.set_blocksize_callback(self._on_blocksize)
            client.set_port_registration_callback(self._on_registration, only_available=False)
            client.set_port_connect_callback(self._on_change, only_available=False)
            self._inputs = {name: client.midi_inports.register(name) for name in self._ins}
            ports = [client.midi_outports.register(output.name.partition(":")[2]) for output in self.outputs]
            self._shut = ""
            self._frames = FrameClock()
            self._alive = now()
            client.activate()
        except self._jack.JackError:
            self._close_in_time(client)
            raise
        watch.watch(watch.sockets() - before)  # its library does not always tell
        self._watch = watch
        self._set_ahead(client.blocksize, client.samplerate)
        self._client = client
        self._opened = {**dict(zip(self._slots, ports, strict=False)), **self._inputs}
        if not self._remembered and client.name == CLIENT:
            self._remember()
        for short, slot in self._slots.items():
            self._owed[short].update(slot.sounding())
        self._mend()
        for output, short, port in zip(self.outputs, self._slots, ports, strict=False):
            output.name = port.name
            output.port = port
            self._describe(short)
        self._pay()

    def _pay(self) -> None:
        for output, short in zip(self.outputs, self._slots, strict=False):
            owed = self._owed[short]
            if owed and output.port is not None:
                output.end_again(sorted(owed))
                owed.clear()

    def _new_client(self) -> Any:
        give_up = now() + (EXACT if self._patient else 0.0)
        self._patient = True  # from now on the name is ours
        while True:
            try:
                return self._jack.Client(CLIENT, use_exact_name=True, no_start_server=True, servername=self.server)
            except self._jack.JackOpenError as error:
                if not error.status.name_not_unique:
                    raise self._jack.JackError(
                        f"no MIDI yet: there is neither ALSA's sequencer ({SEQUENCER}; sudo modprobe snd-seq) nor the"
                        f" JACK server {self.server!r} (such as: jackd -S -d dummy -r 48000 -p 256); the ports open as"
                        " soon as JACK is there; notes go over OSC meanwhile"
                    ) from error
                if now() > give_up:
                    return self._jack.Client(CLIENT, no_start_server=True, servername=self.server)
                sleeping.sleep(0.05)

    def _lose(self) -> None:
        """The server is gone, and the client with it."""
        client, self._client = self._client, None
        self._opened = {}
        for output in self.outputs:
            output.forget()
        for short, peers in self._wanted.items():
            for peer in peers:
                self._gone.add((short, peer))
                if short not in self._ins:
                    self._missed.setdefault((short, peer), set()).update(self._slots[short].sounding())
        self._suspect.clear()
        self._tell("the JACK server ended, and the MIDI ports with it: they come back when it does")
        if client is not None:
            self._close_in_time(client)
        self._shut = ""

    def _close_in_time(self, client: Any) -> None:
        """Close a client whose server is gone; at the end of the process, leave it."""
        calm = now() + CALM
        while now() < calm:
            if self._closing:
                return
            sleeping.sleep(0.02)
        _close(client)

    def _mend(self) -> None:
        """Compare the connections with those that are wanted: make what can be made, learn what the user did."""
        client = self._client
        if client is None:
            return
        self._look_for_names()
        fresh = set()
        while self._fresh:
            fresh.add(self._fresh.popleft())
        for short, port in self._opened.items():
            there = [peer.name for peer in client.get_all_connections(port)]
            if short in self._ins:
                self._devices[short] = self._told(there)
            wanted = self._wanted[short]
            before = tuple(wanted)
            wanted += [peer for peer in there if peer not in wanted]
            for peer in tuple(wanted):
                pair = (short, peer)
                if peer in there:
                    self._suspect.pop(pair, None)
                    self._gone.discard(pair)
                elif not self._exists(peer):
                    self._cut(pair)
                    self._gone.add(pair)
                    self._suspect.pop(pair, None)
                elif pair in self._gone or peer in fresh:
                    self._cut(pair)
                    self._connect(short, port, peer)
                elif now() - self._suspect.setdefault(pair, now()) > MEANT:
                    del self._suspect[pair]
                    self._missed.pop(pair, None)
                    wanted.remove(peer)
                else:
                    self._cut(pair)
            if tuple(wanted) != before:
                self._describe(short)

    def _cut(self, pair: tuple[str, str]) -> None:
        """What sounds now may not be ended over there by its own end."""
        if pair[0] not in self._ins and pair not in self._gone:
            self._missed.setdefault(pair, set()).update(self._slots[pair[0]].sounding())

    def _connect(self, short: str, port: Any, peer: str) -> None:
        source, target = (peer, port.name) if short in self._ins else (port.name, peer)
        if short in self._ins:  # told apart from its first note on
            self._devices[short] = self._told([*self._devices.get(short, "").splitlines(), peer])
        try:
            self._client.connect(source, target)
        except self._jack.JackErrorCode:
            self._gone.add((short, peer))  # to be tried at the next change, if it is not there already
            return
        self._gone.discard((short, peer))
        self._owed[short].update(self._missed.pop((short, peer), ()))

    def _told(self, peers: Iterable[str]) -> str:
        """Whose notes come in from those ports, a line for each device; our own output, which may be looped back, is
        none."""
        return "\n".join(dict.fromkeys(device_of(peer) for peer in peers if not peer.startswith(f"{CLIENT}:")))

    def _look_for_names(self) -> None:
        """Turn the names from the settings into connections, as soon as such ports are there."""
        for way, names, shorts in (
            ("input", self._names_in, self._ins),
            ("output", self._names_out, list(self._slots)),
        ):
            kind = {"is_output": True} if way == "input" else {"is_input": True}
            there = [port.name for port in self._client.get_ports(is_midi=True, **kind)]
            there = [name for name in there if not name.startswith(f"{self._client.name}:")]
            for name, short in zip(names, shorts, strict=False):
                if any(name == peer or name.lower() in peer.lower() for peer in self._wanted[short]):
                    continue
                try:
                    peer = find(name, there, f"MIDI {way}", f"--midi-{way}")
                except ValueError as error:
                    if name not in self._missing:
                        self._missing.add(name)
                        self._news.append(f"{error}; it is connected as soon as it is there")
                    continue
                self._wanted[short].append(peer)
                self._gone.add((short, peer))
                self._describe(short)

    def _exists(self, name: str) -> bool:
        try:
            self._client.get_port_by_name(name)
        except self._jack.JackError:
            return False
        return True

    def _remember(self) -> None:
        """Want the connections that the bridge of this name had last time, where the settings name none."""
        self._remembered = True
        named = set(self._ins) if self._names_in else set()
        named.update(list(self._slots)[: len(self._names_out)])
        for short, peers in connections.load(self._state, self.server).items():
            if short in self._wanted and short not in named:
                for peer in peers:
                    if peer not in self._wanted[short]:
                        self._wanted[short].append(peer)
                        self._gone.add((short, peer))

    def _describe(self, short: str) -> None:
        self._slots[short].describe(self._described(short, self._wanted[short]))
        if self._remembered:
            connections.save(self._state, self.server, self._wanted)

    def _described(self, short: str, connections: Sequence[str] = ()) -> Described:
        return Described(JACK, f"{CLIENT}:{short}", self.server, tuple(connections))

    def _set_ahead(self, frames: int, rate: int) -> None:
        for output in self.outputs:
            output.ahead = 2 * frames / rate + SPARE

    def _tell(self, text: str) -> None:
        self._news.append(text)
        self._heard.wake()


def _close(client: Any) -> None:
    """Close a client; a server that hangs, or is dying, would have us wait without end."""
    closer = threading.Thread(target=client.close, name="JACK close", daemon=True)
    closer.start()
    closer.join(2 * FLUSH)
