"""What differs from one operating system to the other, for control."""

import asyncio
import signal
import sys
from collections.abc import Callable


def on_stop(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Call ``stop`` on the loop when the user (Ctrl-C, Ctrl-Break) or the system (SIGTERM) asks for the end."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP")
    for number in [getattr(signal, name) for name in names if hasattr(signal, name)]:
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)
