"""What differs from one operating system to the other, for control."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator

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


def _stopping() -> list[signal.Signals]:
    return [getattr(signal, name) for name in STOPPING if hasattr(signal, name)]
