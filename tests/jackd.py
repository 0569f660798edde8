"""A real JACK server without hardware, and a look from outside at what goes through it."""

import contextlib
import os
import re
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from peers import require_program

REGISTRY = Path("/dev/shm/jack-shm-registry")
PATIENCE = 30.0
"""Seconds after which what did not come is taken not to come."""
PACKAGE = "jackd2 (on Debian 13 and newer jack-example-tools too)"


class Seen(NamedTuple):
    """A MIDI message as jack_midi_dump saw it."""

    frame: int
    """Counted at 48 kHz since the dump began."""
    data: bytes

    @property
    def note(self) -> tuple[int, int, int] | None:
        """Channel 0..15, pitch, velocity (0 for an end); None where it is no note."""
        kind, channel = self.data[0] & 0xF0, self.data[0] & 0x0F
        if kind not in (0x80, 0x90):
            return None
        return channel, self.data[1], self.data[2] if kind == 0x90 else 0


class Dump:
    """A running jack_midi_dump."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.seen: list[Seen] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def notes(self) -> list[tuple[int, int, int]]:
        """Channel, pitch and velocity of every note message so far."""
        return [seen.note for seen in self.seen if seen.note is not None]

    @property
    def sounding(self) -> set[tuple[int, int]]:
        """Channel and pitch of the notes begun and not ended."""
        held: set[tuple[int, int]] = set()
        for channel, pitch, velocity in self.notes:
            (held.add if velocity else held.discard)((channel, pitch))
        return held

    def wait_for(self, condition: Callable[["Dump"], bool], seconds: float = PATIENCE) -> bool:
        """Wait until the condition holds; False when it did not come true."""
        return wait_until(lambda: condition(self), seconds)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if match := re.match(r"\s*(\d+):((?:\s[0-9a-f]{2})+)", line):
                self.seen.append(Seen(int(match[1]), bytes.fromhex(match[2].replace(" ", ""))))

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join(5)
        assert self._process.stdout is not None
        self._process.stdout.close()


class JackServer:
    """A running jackd; ``env`` leads clients to it and no other."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]") -> None:
        self.name = name
        self.process = process
        self.env = os.environ | {"JACK_DEFAULT_SERVER": name, "JACK_NO_START_SERVER": "1"}

    def ports(self) -> list[str]:
        """Every port."""
        done = subprocess.run(["jack_lsp"], env=self.env, capture_output=True, text=True, timeout=PATIENCE)
        return done.stdout.split("\n")[:-1]

    def wait_for_port(self, name: str, seconds: float = PATIENCE) -> None:
        """Wait until a port exists. Raises AssertionError."""
        assert wait_until(lambda: name in self.ports(), seconds), f"no port {name}: {self.ports()}"

    def connect(self, source: str, target: str) -> None:
        """Connect two ports once both exist."""
        self.wait_for_port(source)
        self.wait_for_port(target)
        done = subprocess.run(["jack_connect", source, target], env=self.env, capture_output=True, timeout=PATIENCE)
        if done.returncode:  # the bridge may have been quicker: it restores what was connected before
            listing = ["jack_lsp", "-c", source]
            told = subprocess.run(listing, env=self.env, capture_output=True, text=True, timeout=PATIENCE)
            assert target in told.stdout, (source, target, done.stderr)

    @contextlib.contextmanager
    def dump(self, source: str = "", name: str = "") -> Iterator[Dump]:
        """Watch what an output port sends; without one, what comes to the port ``NAME:input``."""
        name = name or f"dump-{uuid.uuid4().hex[:8]}"
        program = require_program("jack_midi_dump", PACKAGE)
        process = subprocess.Popen(
            [program, "-a", name], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        dump = Dump(process)
        try:
            if source:
                self.connect(source, f"{name}:input")
            yield dump
        finally:
            dump.close()


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Look every few milliseconds until the condition holds; False when it did not come true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


def strike_out_dead_servers() -> None:
    """Give back the places of servers that were killed: JACK's registry has eight, and nothing else does."""
    with contextlib.suppress(OSError), REGISTRY.open("r+b") as registry:
        places = registry.read(4096)
        for found in re.finditer(rb"jack-\d+:[-\w]+", places):
            begin = found.start() - 4
            pid = int.from_bytes(places[begin : begin + 4], "little")
            if pid and not Path(f"/proc/{pid}").exists():
                registry.seek(begin)
                registry.write(bytes(4 + len(found[0])))


@contextlib.contextmanager
def running_server(server_name: str = "") -> Iterator[JackServer]:
    """Start a server of its own name, in realtime where that is allowed; skip the test where there is no JACK."""
    jackd = require_program("jackd", PACKAGE)
    strike_out_dead_servers()
    for program in ("jack_lsp", "jack_connect", "jack_midi_dump"):
        require_program(program, PACKAGE)
    for realtime in (["-R", "-P", "60"], ["-r"]):
        name = server_name or f"antiphon-{uuid.uuid4().hex[:8]}"
        process = subprocess.Popen(
            [jackd, "-n", name, "-S", *realtime, "-d", "dummy", "-r", "48000", "-p", "256"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        server = JackServer(name, process)
        try:
            if wait_until(lambda: process.poll() is not None or bool(server.ports())) and process.poll() is None:  # noqa: B023
                yield server
                return
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    pytest.skip("jackd does not run here")


@pytest.fixture(scope="session")
def jack_server() -> Iterator[JackServer]:
    """One server for all tests."""
    with running_server() as server:
        yield server
