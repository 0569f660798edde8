"""How the realtime process gets its turn before others: what each system offers, and what to do where it refuses."""

import contextlib
import ctypes
import gc
import os
import sys

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


def _claim_windows() -> str:
    high_priority_class, one_millisecond = 0x80, 1
    with contextlib.suppress(AttributeError, OSError):
        ctypes.windll.winmm.timeBeginPeriod(one_millisecond)  # type: ignore[attr-defined,unused-ignore]
        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        if kernel.SetPriorityClass(ctypes.c_void_p(kernel.GetCurrentProcess()), high_priority_class):
            return "high priority class"
    return "best effort (Windows refused the high priority class)"


def stop_garbage_collection() -> None:
    """Keep what is loaded out of the collector's sight and stop it; from here on nothing may rely on it."""
    gc.collect()
    gc.freeze()
    gc.disable()
