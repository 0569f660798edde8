"""What more readers cost the media process."""

import os
import time
from pathlib import Path

from bridge.bench.sinks import receivers
from bridge.bench.sinks.stage import PATIENCE, Stage, spawn, started
from bridge.clocks import now
from bridge.measure.figures import Figure

READERS = 8
SETTLE = 0.5


def cost_ratio(stage: Stage, seconds: float) -> Figure:
    """Return the CPU time of the media process with eight readers over that with one, each for so long, in turn."""
    detail = (
        f"CPU seconds of the media process with {READERS} readers of /frames.ws over those with one, each {seconds:g} s"
    )
    if not Path("/proc/self/stat").exists():
        why = "the CPU time of another process is only read on Linux"
        return Figure(name="eight_readers_cost_ratio", value=None, unit="", goal="<= 1.3", why=why, detail=detail)
    with stage.media() as (port, pid):
        one, eight = _cost(port, pid, 1, seconds), _cost(port, pid, READERS, seconds)
        one, eight = one + _cost(port, pid, 1, seconds), eight + _cost(port, pid, READERS, seconds)
    detail += f", in turn, twice: {one / 2:.2f} s and {eight / 2:.2f} s"
    return Figure(name="eight_readers_cost_ratio", value=round(eight / one, 2), unit="", goal="<= 1.3", detail=detail)


def _cost(port: int, pid: int, count: int, seconds: float) -> float:
    ready = spawn.Event()
    with started(receivers.drain, port, count, now() + PATIENCE + seconds, ready):
        ready.wait(PATIENCE)
        time.sleep(SETTLE)
        before = _cpu(pid)
        time.sleep(seconds)
        return _cpu(pid) - before


def _cpu(pid: int) -> float:
    """CPU seconds that a process has used."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
