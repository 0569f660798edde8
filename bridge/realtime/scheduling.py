"""How the realtime process gets its turn before others: what each system offers, and what to do where it refuses."""

import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

if sys.platform == "linux":
    import resource

RUNAWAY = 1.0
"""Seconds that the process may run in realtime without a pause; nothing it has to do takes that long."""
HOPELESS = 3.0
"""Seconds after which the system kills it, rather than stand still."""
PRIORITY = 50
"""Of SCHED_FIFO: above everything that is not realtime, below what JACK's own threads usually get (55 to 85)."""


def claim() -> str:
    """Ask for the best scheduling that the system grants; return what that is, or why it is best effort."""
    if sys.platform == "win32":
        return _claim_windows()
    if not hasattr(os, "sched_setscheduler"):
        return f"best effort ({sys.platform} has no SCHED_FIFO for processes)"
    for priority in (PRIORITY, 1):
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
        except OSError as error:
            refusal = error
        else:
            return f"SCHED_FIFO {priority}"
    return (
        f"best effort (SCHED_FIFO: {refusal.strerror}; put yourself in the group audio, add the line "
        f"'@audio - rtprio {PRIORITY}' to /etc/security/limits.d/audio.conf and log in again)"
    )


def guard(demoted: Callable[[str], None]) -> None:
    """Keep a mistake from stopping the machine: a process that runs away goes on without realtime, and says so."""
    if sys.platform != "linux" or os.sched_getscheduler(0) != os.SCHED_FIFO:
        return

    def demote(number: int, frame: FrameType | None) -> None:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
        demoted(
            f"the realtime process ran for {RUNAWAY:g} s without a pause, so it goes on as best effort;"
            " notes may be late until Antiphon is started again"
        )

    signal.signal(signal.SIGXCPU, demote)
    with contextlib.suppress(ValueError, OSError):  # a lower limit is set already
        resource.setrlimit(resource.RLIMIT_RTTIME, (round(RUNAWAY * 1e6), round(HOPELESS * 1e6)))


def _claim_windows() -> str:
    high_priority_class, one_millisecond = 0x80, 1
    with contextlib.suppress(AttributeError, OSError):
        ctypes.windll.winmm.timeBeginPeriod(one_millisecond)  # type: ignore[attr-defined,unused-ignore]
        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        if kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), high_priority_class):
            return "high priority class"
    return "best effort (Windows refused the high priority class)"


def lock_memory() -> bool:
    """Keep what is in memory now from being moved out to disk; False where the system refuses."""
    if sys.platform == "win32":
        return False
    current = 1  # MCL_CURRENT; with MCL_FUTURE too, memory asked for later would be refused beyond the limit
    try:
        locked: int = ctypes.CDLL(None, use_errno=True).mlockall(current)
    except (OSError, AttributeError):
        return False
    return locked == 0


def stop_garbage_collection() -> None:
    """Keep what is loaded out of the collector's sight and stop it; from here on nothing may rely on it."""
    gc.collect()
    gc.freeze()
    gc.disable()
