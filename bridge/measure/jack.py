"""A JACK server without hardware, and a client that hears what comes at which frame: rulers for benches."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time as sleeping
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

from bridge.clocks import now
from bridge.realtime.frame_clock import FRAMES, FrameClock

RATE, PERIOD = 48000, 256
STARTED_WITHIN = 10.0


class NoJackError(Exception):
    """There is no JACK to be had; the text says why."""


class JackServer:
    """jackd with the dummy driver, under a name of its own; a context manager."""

    def __init__(self, name: str = "") -> None:
        """Start it. Raises NoJackError."""
        self.name = name or f"antiphon-bench-{os.getpid()}"
        self.environment = {"JACK_DEFAULT_SERVER": self.name, "JACK_NO_START_SERVER": "1"}
        if shutil.which("jackd") is None:
            raise NoJackError("jackd is not installed: apt install jackd2")
        try:
            import jack
        except (ImportError, OSError) as error:
            raise NoJackError(f"JACK's library cannot be used: {error}") from error
        jack.set_error_function(lambda _: None)
        jack.set_info_function(lambda _: None)
        self.process = self._start()

    def _start(self) -> "subprocess.Popen[bytes]":
        import jack

        for realtime in (["-R", "-P", "60"], ["-r"]):
            process = subprocess.Popen(
                ["jackd", "-n", self.name, "-S", *realtime, "-d", "dummy", "-r", str(RATE), "-p", str(PERIOD)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                process_group=None if sys.platform == "win32" else 0,
            )
            give_up = now() + STARTED_WITHIN
            while process.poll() is None and now() < give_up:
                with contextlib.suppress(jack.JackError):
                    jack.Client("antiphon-probe", no_start_server=True, servername=self.name).close()
                    return process
                sleeping.sleep(0.02)
            process.kill()
            process.wait()
        raise NoJackError("jackd does not start here")

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()

    def restart(self) -> None:
        """Start it again. Raises NoJackError."""
        self.process = self._start()

    def close(self) -> None:
        """End it in order."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> "JackServer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Came(NamedTuple):
    """A MIDI message, and when it was to sound by its frame, in bridge.clocks seconds."""

    time: float
    data: bytes
    frame: int


class JackEar:
    """A client with one MIDI input (and an output) that keeps account of what comes; a context manager."""

    def __init__(self, server: JackServer, name: str, heard: Callable[[Came], None] = lambda _: None) -> None:
        """``heard`` is called on JACK's thread. Raises jack.JackError."""
        self.server, self.name = server, name
        self.came: list[Came] = []
        self.held: set[tuple[int, int]] = set()
        """Channel and pitch of what sounds: it outlives the client, as in an instrument."""
        self._heard = heard
        self._client: Any = None
        self._send: list[bytes] = []
        self.sent: list[tuple[float, int]] = []
        """When what was sent was to sound, and at which frame."""
        self.changed = threading.Event()
        self.open()

    def open(self) -> None:
        """Open the client, again where the server was restarted. Raises jack.JackError."""
        import jack

        client = jack.Client(self.name, use_exact_name=True, no_start_server=True, servername=self.server.name)
        client.set_process_callback(self._process)
        self._in, self._out = client.midi_inports.register("in"), client.midi_outports.register("out")
        self._client, self._frames = client, FrameClock()
        client.activate()

    def connect(self, source: str, seconds: float = 10.0) -> None:
        """Connect a port to our input, once it is there. Raises jack.JackError."""
        import jack

        give_up = now() + seconds
        while True:
            try:
                self._client.connect(source, self._in)
            except jack.JackError:
                if now() > give_up:
                    raise
                sleeping.sleep(0.02)
            else:
                return

    def connect_out(self, target: str) -> None:
        """Connect our output to a port. Raises jack.JackError."""
        self._client.connect(self._out, target)

    def send(self, data: bytes) -> None:
        """Send a message with the next period."""
        self._send.append(data)

    def wait(self, condition: Callable[["JackEar"], bool], seconds: float) -> bool:
        """Wait until a condition holds; False when it did not come true."""
        give_up = now() + seconds
        while not condition(self):
            left = give_up - now()
            if left <= 0:
                return False
            self.changed.wait(min(left, 0.1))
            self.changed.clear()
        return True

    def close(self) -> None:
        """Close the client; what sounds is kept."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def __enter__(self) -> "JackEar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _process(self, frames: int) -> None:
        client = self._client
        if client is None:
            return
        start, began = self._frames.read(client, now)
        self._out.clear_buffer()
        while self._send:
            self._out.write_midi_event(0, self._send.pop(0))
            self.sent.append((began, start))
        for offset, buffer in self._in.incoming_midi_events():
            data = bytes(buffer)
            came = Came(began + offset / RATE, data, (start + offset) % FRAMES)
            kind, channel = data[0] & 0xF0, data[0] & 0x0F
            if kind in (0x80, 0x90) and len(data) == 3:
                sounds = kind == 0x90 and data[2] > 0
                (self.held.add if sounds else self.held.discard)((channel, data[1]))
            self.came.append(came)
            self._heard(came)
            self.changed.set()
