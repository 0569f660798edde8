"""What differs from one operating system to the other, for control."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

STOPPING = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
"""What asks for the end, where the system has it."""


def on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call ``stop`` on the loop when the user (Ctrl-C, Ctrl-Break) or the system (SIGTERM) asks for the end."""
    for number in _stopping():
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


def ignore_stop() -> None:
    """Leave it to control to end this process. Ctrl-C reaches a whole terminal, SIGTERM all of a service."""
    for number in _stopping():
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def stop_blocked() -> Iterator[None]:
    """A process that is started meanwhile inherits the block, so that Ctrl-C cannot end it before ignore_stop().

    What arrives here is acted on afterwards. Windows has no such mask.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _stopping())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def data_folder() -> Path:
    """Where a user's own things are kept: presets, converted checkpoints."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "Antiphon"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Antiphon"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "antiphon"


def _stopping() -> list[signal.Signals]:
    return [getattr(signal, name) for name in STOPPING if hasattr(signal, name)]


def lock_file(descriptor: int) -> bool:
    """Lock an open file until it is closed or this process ends, in whatever way; False where another holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # beyond its end: what is locked there others cannot read
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def state_folder() -> Path:
    """Where Antiphon keeps what it needs after a restart: ``ANTIPHON_STATE``, or the system's usual place."""
    if chosen := os.environ.get("ANTIPHON_STATE"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home()) / "Antiphon"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Antiphon"
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "antiphon"
