"""Everything that may go wrong on a stage, again and again, and whether a note is left sounding."""

import contextlib
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from types import TracebackType

from bridge.bench.faults.stage import CHORD
from bridge.client.osc import NoReplyError, OscClient
from bridge.client.server import ServerProcess
from bridge.clocks import now
from bridge.measure.jack import JackEar, JackServer
from bridge.osc import wire

STAGE = (sys.executable, "-m", "bridge.bench.faults")
EAR = "antiphon-ear"
READY = 60.0
PATIENCE = 20.0
"""Seconds for an answer: the machine may be busy."""
SOUNDS = 30.0
"""Seconds within which a chord has to sound, for a fault to meet it."""
SILENT = 60.0
"""Seconds after which what sounds is taken to be left sounding."""


class Soak:
    """A bridge on a JACK server of its own, heard over JACK and over OSC; a context manager."""

    def __init__(self) -> None:
        """Start everything. Raises NoJackError and ServerFailedError."""
        self._stack = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="antiphon-faults-"))
            self.jack = stack.enter_context(JackServer())
            before = {name: os.environ.get(name) for name in ("ANTIPHON_STATE", *self.jack.environment)}
            stack.callback(_restore, before)
            os.environ.update(self.jack.environment, ANTIPHON_STATE=folder)
            self.ear = stack.enter_context(JackEar(self.jack, EAR))
            self.osc = stack.enter_context(OscEar())
            self.server: ServerProcess
            self.client: OscClient
            self._start()
            stack.callback(self._end)
            self.ear.connect("Antiphon:out")
            self._stack = stack.pop_all()

    # ---- faults

    def kinds(self) -> dict[str, Callable[[], None]]:
        """Every kind of fault, by name; each ends what sounds, or is followed by a stop."""
        return {
            "kill -9 of control": self.kill_control,
            "kill -9 of the music worker": lambda: self.kill("music"),
            "kill -9 of realtime": lambda: self.kill("realtime"),
            "kill -9 of control and realtime": self.kill_all,
            "SIGTERM and a new start": self.end_in_order,
            "a port unplugged and plugged in again": self.unplug,
            "the JACK server killed and restarted": self.restart_jack,
            "a tempo jump": self.jump_tempo,
            "overlapping notes of the same pitch": self.overlap,
            "panic in mid-chord": lambda: self.client_send("/panic"),
            "panic with controllers": lambda: self.client_send("/panic", 1),
            "a model swapped for another": self.swap,
            "stop": lambda: self.client_send("/music/stop"),
            "a flood of panics and calls": self.flood,
        }

    def kill(self, process: str) -> None:
        """Kill one of the bridge's processes."""
        pid = int(self.client.info("process/", PATIENCE).get(f"process/{process}", 0))  # type: ignore[arg-type]
        if pid:
            os.kill(pid, signal.SIGKILL)

    def kill_control(self) -> None:
        """Kill the process that all others hang on, and start the bridge as a service manager would."""
        os.kill(self.server.pid, signal.SIGKILL)
        self._again()

    def kill_all(self) -> None:
        """Kill control and realtime at once: nobody is left to end anything but the next start."""
        realtime = int(self.client.info("process/", PATIENCE).get("process/realtime", 0))  # type: ignore[arg-type]
        for pid in (realtime, self.server.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._again()

    def end_in_order(self) -> None:
        """As a service manager stops it."""
        os.kill(self.server.pid, signal.SIGTERM)
        self._again()

    def unplug(self) -> None:
        """The instrument's port goes, and comes back under its name."""
        self.ear.close()
        self.ear.open()
        self._silent_by_itself()

    def restart_jack(self) -> None:
        """The server crashes."""
        self.jack.kill()
        self.ear.close()
        self.jack.restart()
        self.ear.open()
        self._silent_by_itself()

    def _silent_by_itself(self) -> None:
        """What sounds over JACK ends unasked; over OSC the chord plays on, as it should, until it is stopped."""
        self.ear.wait(lambda ear: not ear.held, SILENT)
        self.client_send("/music/stop")

    def jump_tempo(self) -> None:
        """Slow, fast, and another bar line."""
        for tempo in (20.0, 400.0, 60.0):
            self.client_send("/clock/tempo", tempo)
        self.client_send("/clock/downbeat")
        self.client_send("/clock/beats_per_bar", 3)
        self.client_send("/clock/beats_per_bar", 1)
        self.client_send("/clock/tempo", 400.0)
        self.client_send("/music/stop")

    def overlap(self) -> None:
        """The same chord again while it sounds."""
        self.client_send("/music/model", "again")
        for _ in range(3):
            self.call()
        self.client_send("/music/model", "chord")
        self.client_send("/music/stop")

    def swap(self) -> None:
        """Another model while this one's chord sounds."""
        self.client_send("/music/model", "again")
        self.client_send("/music/model", "chord")

    def flood(self) -> None:
        """Calls and panics as fast as they can be sent, a panic last."""
        for _ in range(20):
            self.call()
            self.client_send("/panic")

    # ---- what is heard

    def sound(self) -> bool:
        """Have the chord sound; False where it does not come."""
        give_up = now() + SOUNDS
        while now() < give_up:
            with contextlib.suppress(OSError):
                self.call()
            if self.ear.wait(lambda ear: len(ear.held) >= len(CHORD), 1.0):
                return True
        return False

    def silent(self) -> bool:
        """Whether everything ends that sounded, over JACK and over OSC."""
        give_up = now() + SILENT
        return self.ear.wait(lambda ear: not ear.held and not self.osc.held, max(0.1, give_up - now()))

    def left(self) -> str:
        """What is left sounding."""
        return f"JACK {sorted(self.ear.held)}, OSC {sorted(self.osc.held)}"

    def forget(self) -> None:
        """Begin anew after a note was left sounding, so that it is counted once."""
        self.client_send("/panic")
        self.ear.held.clear()
        self.osc.held.clear()
        with contextlib.suppress(Exception):  # it is connected, or cannot be: then no chord comes
            self.ear.connect("Antiphon:out", 1.0)

    def call(self) -> None:
        """Play a call, and ask for its answer at the next bar."""
        self.client_send("/music/note/in", 1, 60, 100)
        self.client_send("/music/note/in", 1, 60, 0)
        self.client_send("/music/answer")

    def client_send(self, path: str, *values: float | str) -> None:
        """Send to the bridge."""
        self.client.send(path, *values)

    def __enter__(self) -> "Soak":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # ---- inside

    def _start(self) -> None:
        self.server = ServerProcess(STAGE, ("--midi-ports", "2"))
        try:
            self.server.wait_ready(READY)
            self.client = OscClient(self.server.osc_port)
        except BaseException:
            self.server.stop()
            raise
        for path, value in (
            ("/clock/tempo", 400.0),
            ("/clock/beats_per_bar", 1),
            ("/music/call_bars", 1),
            ("/music/answer_bars", 32),
        ):
            self.client_send(path, value)
        self.osc.subscribe(self.server.osc_port)
        with contextlib.suppress(NoReplyError):
            self.client.ping(PATIENCE)

    def _end(self) -> None:
        self.client.close()
        self.server.stop()

    def _again(self) -> None:
        self.client.close()
        self.server.stop()  # waits for its end; there is nothing left to ask
        self._start()


class OscEar:
    """A listener for notes on the network; a context manager."""

    def __init__(self) -> None:
        self.held: set[tuple[int, int]] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, name="OSC ear", daemon=True)
        self._thread.start()

    def subscribe(self, port: int) -> None:
        """Ask a bridge for its notes."""
        self._socket.sendto(wire.encode("/subscribe", ("/music/note/out", 0, 86400.0)), ("127.0.0.1", port))

    def _listen(self) -> None:
        while True:
            datagram = self._socket.recv(65536)
            if datagram == b"end":
                return
            with contextlib.suppress(ValueError):
                message = wire.decode(datagram)
                if isinstance(message, wire.Message) and message.path == "/music/note/out":
                    channel, pitch, velocity = (int(value) for value in message.values)  # type: ignore[arg-type]
                    (self.held.add if velocity else self.held.discard)((channel, pitch))

    def __enter__(self) -> "OscEar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()


def _restore(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
