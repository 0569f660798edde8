"""The machine that figures were taken on."""

import os
import platform
import subprocess
from pathlib import Path

import msgspec


class Machine(msgspec.Struct, kw_only=True):
    """What a reader needs to know to compare figures; null where it could not be learnt."""

    cpu: str
    cores: int
    """That this process may run on."""
    memory_gib: float | None
    os: str
    python: str
    antiphon: str
    revision: str | None
    """The git commit of the code that ran, ``+`` when it had been changed."""
    load_before: float | None = None
    """Processes that wanted to run, averaged over the minute before (Unix load average)."""
    load_after: float | None = None


def machine() -> Machine:
    """Describe this machine; ``load_before`` is taken now."""
    from importlib import metadata

    try:
        version = metadata.version("antiphon")
    except metadata.PackageNotFoundError:
        version = "not installed"
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        memory_gib=_memory(),
        os=platform.platform(),
        python=platform.python_version(),
        antiphon=version,
        revision=_revision(),
        load_before=load(),
    )


def load() -> float | None:
    """The load average of the last minute; None on Windows, which has none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return _asked("sysctl", "-n", "machdep.cpu.brand_string") or platform.processor() or platform.machine()


def _memory() -> float | None:
    if hasattr(os, "sysconf") and {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(os.sysconf_names):
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return None


def _revision() -> str | None:
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return None  # installed from a wheel
    revision = _asked("git", "-C", str(folder), "rev-parse", "--short=12", "HEAD")
    changed = _asked("git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no")
    return f"{revision}+" if revision and changed else revision or None


def _asked(*command: str) -> str:
    """What a program prints, empty when it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
