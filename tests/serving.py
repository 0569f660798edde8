"""A real server in its own process, and a performer who talks to it over a real socket."""

import contextlib
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.client.server import free_ports

ROOT = Path(__file__).parent.parent
CLIENTS = Path(__file__).parent / "clients"
PATIENCE = 30.0
"""Seconds after which what did not come is taken not to come."""


class Performer:
    """Sends OSC messages over UDP and waits for what comes back."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._server = ("127.0.0.1", port)
        self.heard: list[tuple[str, list[Any]]] = []
        self.times: list[float] = []
        """When each was heard (time.monotonic)."""

    def send(self, path: str, *values: Any) -> None:
        builder = OscMessageBuilder(path)
        for value in values:
            builder.add_arg(value)
        self._socket.sendto(builder.build().dgram, self._server)

    def send_raw(self, packet: bytes) -> None:
        self._socket.sendto(packet, self._server)

    def listen(self, until: float) -> tuple[str, list[Any]] | None:
        """The next message, or None when none has come by then (time.monotonic)."""
        ready, _, _ = select.select([self._socket], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        message = OscMessage(self._socket.recv(65536))
        self.heard.append((message.address, list(message.params)))
        self.times.append(time.monotonic())
        return self.heard[-1]

    def wait(self, path: str, wanted: Callable[..., bool] = lambda *_: True, patience: float = PATIENCE) -> list[Any]:
        """The arguments of the next message to a path that is wanted; fails with all that was heard instead."""
        until = time.monotonic() + patience
        before = len(self.heard)
        while message := self.listen(until):
            if message[0] == path and wanted(*message[1]):
                return message[1]
        raise AssertionError(f"no {path} in {patience:g} s, heard {self.heard[before:]}")

    def ask(self, path: str, *values: Any) -> list[Any]:
        """Send, and wait for an answer at the same address."""
        self.send(path, *values)
        return self.wait(path)

    def ask_for_error(self, path: str, *values: Any) -> list[Any]:
        """Send, and wait for the error that it causes."""
        self.send(path, *values)
        return self.wait("/error")

    def ping(self, token: int) -> None:
        """Return once everything sent before has been read."""
        self.send("/ping", token)
        self.wait("/pong", lambda value: value == token)

    def info(self, topic: str = "") -> dict[str, Any]:
        self.send("/info", topic)
        self.send("/ping", "end of info")
        facts = {}
        while True:
            message = self.listen(time.monotonic() + PATIENCE)
            assert message, "no answer to /info"
            if message[0] == "/info":
                facts[message[1][0]] = message[1][1]
            elif message == ("/pong", ["end of info"]):
                return facts

    def wait_until_running(self, slot: str) -> None:
        """Wait until a model's process has been started again."""
        until = time.monotonic() + PATIENCE
        while not self.info(f"process/{slot}")[f"process/{slot}"]:
            assert time.monotonic() < until, f"no process for {slot}"

    def forget(self) -> None:
        self.heard.clear()
        self.times.clear()

    def close(self) -> None:
        self._socket.close()


class Serving:
    """A server process, its output and a first performer."""

    def __init__(self, process: subprocess.Popen[str], osc_port: int, http_port: int) -> None:
        self.process, self.osc_port, self.http_port = process, osc_port, http_port
        self.lines: list[str] = []
        self.performer = Performer(osc_port)

    def wait_for_line(self, words: str) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"the server ended without saying {words!r}: {''.join(self.lines)}")

    def children(self) -> dict[int, str]:
        """The processes that the server started, with their command lines (Linux)."""
        found = {}
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                status = (folder / "stat").read_text()
                if int(status.rpartition(")")[2].split()[1]) == self.process.pid:
                    found[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        return found


@contextlib.contextmanager
def serving(
    *flags: str, stage: bool = False, environment: Mapping[str, str] | None = None, ready: bool = True
) -> Iterator[Serving]:
    """Run ``antiphon serve`` (with the stage's models, or the embedded ones) on free ports."""
    osc_port, http_port = free_ports(2)
    program = [str(CLIENTS / "serve_stage.py")] if stage else ["-m", "bridge", "serve"]
    ports = ["--osc-port", str(osc_port), "--http-port", str(http_port)]
    path = os.pathsep.join([str(ROOT), str(CLIENTS), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-W", "error", *program, *ports, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1", **(environment or {})},
    )
    served = Serving(process, osc_port, http_port)
    try:
        if ready:
            served.wait_for_line("Antiphon is ready")
        yield served
    finally:
        served.performer.close()
        if process.poll() is None:
            process.terminate()
        try:
            rest, _ = process.communicate(timeout=PATIENCE)
            served.lines.append(rest)
        finally:
            process.kill()
