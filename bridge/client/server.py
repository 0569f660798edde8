"""The real server in a process of its own, started and ended as a user would."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType

from bridge.clocks import now

READY = "Antiphon is ready"
"""How the line begins that the server prints once it serves."""
HOST = "127.0.0.1"

OURS = 10_000, 32_000
"""Where ports are looked for: below those that systems give out by themselves, to any socket and at any moment."""
WINDOWS = sys.platform == "win32"
_INTERRUPT: int = getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT)
_NEW_GROUP: int = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)

SERVE = (sys.executable, "-m", "bridge", "serve")


class ServerFailedError(Exception):
    """The server did not start, or ended too early; the text holds what it printed."""


class ServerProcess:
    """``antiphon serve`` on free ports of this machine; a context manager that ends it.

    ``command`` (SERVE, if none) is what is started, before the ports are added; ``extra`` comes after them.
    """

    def __init__(self, command: Sequence[str] | None = None, extra: Sequence[str] = ()) -> None:
        self.osc_port, self.http_port = free_ports(2)
        self.started = now()
        """When the process was started, in bridge.clocks seconds."""
        self._lines: deque[str] = deque(maxlen=200)
        self._ready = threading.Event()
        self._ended = False
        arguments = [*(command or SERVE), "--osc-port", str(self.osc_port), "--http-port", str(self.http_port), *extra]
        try:
            self._process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
                process_group=None if WINDOWS else 0,  # a Ctrl-C in the terminal reaches us alone,
                creationflags=_NEW_GROUP,  # and we end the server once, in order
            )
        except OSError as error:
            raise ServerFailedError(f"cannot start {arguments[0]}: {error.strerror}") from error
        self._reader = threading.Thread(target=self._read, name="server output", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where the server answers HTTP."""
        return f"http://{HOST}:{self.http_port}"

    @property
    def output(self) -> str:
        """The last lines that the server printed."""
        return "\n".join(self._lines)

    def wait_ready(self, timeout: float) -> float:
        """Wait for the line that says so; return the seconds since the start. Raises ServerFailedError."""
        if not self._ready.wait(timeout):
            raise ServerFailedError(f"the server was not ready within {timeout:g} s; it printed:\n{self.output}")
        ready = now() - self.started
        if self._ended:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)  # its output has ended a moment before itself
        self.check()
        return ready

    def check(self) -> None:
        """Raise ServerFailedError if the server has ended."""
        status = self._process.poll()
        if status is not None:
            self._reader.join(1.0)
            raise ServerFailedError(f"the server ended with status {status}; it printed:\n{self.output}")

    def stop(self, timeout: float = 10.0) -> int:
        """End the server as Ctrl-C does, and harder if that does not help within ``timeout`` seconds.

        Return its exit status; below zero, it is the signal that ended it.
        """
        if self._process.poll() is None:
            with contextlib.suppress(OSError):
                self._process.send_signal(_INTERRUPT)
            try:
                self._process.wait(timeout)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._reader.join(1.0)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()
        return self._process.wait()

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line.rstrip("\n"))
            if line.startswith(READY):
                self._ready.set()
        self._ended = True
        self._ready.set()  # no one shall wait any longer


@contextlib.contextmanager
def terminated_in_order() -> Iterator[None]:
    """While this lasts, SIGTERM, and SIGHUP when a terminal is closed, end the program as Ctrl-C does, so that its
    servers end, too."""

    def exit_in_order(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    numbers = [signal.SIGTERM, *([] if WINDOWS else [signal.SIGHUP])]
    before = [signal.signal(number, exit_in_order) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def free_ports(count: int) -> list[int]:
    """Return ports of this machine that nobody listens on now, over UDP or TCP."""
    with contextlib.ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            port = random.SystemRandom().randrange(*OURS)
            with contextlib.suppress(OSError):  # taken: try another
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    held.enter_context(socket.socket(socket.AF_INET, kind)).bind((HOST, port))
                found.append(port)
        return found
