"""What runs beside the server and takes long, a training or a download, says in the state folder how far it is.

Each has a file that is written anew, whole, and another that it holds locked while it lives: one that was killed leaves
files that nobody holds, and that the next who looks removes.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from bridge.system import lock_file, state_folder

EVERY = 1.0
"""Seconds from one report to the next at least."""
LOOK_EVERY = 2.0
"""Seconds from one look for those that run to the next."""
LARGEST = 100_000
"""Bytes of a report that is read."""


class Report(msgspec.Struct, frozen=True):
    """How far something is."""

    kind: str
    """``training`` or ``download``."""
    name: str
    """What is trained or downloaded, and where to."""
    progress: float = 0.0
    """0 to 1."""
    figures: dict[str, float] = {}
    """Such as step and loss."""

    @property
    def told(self) -> str:
        """In one line."""
        return ", ".join([self.name, *(f"{name} {value:g}" for name, value in self.figures.items())])


class Announcement:
    """Says how far this process is with what it does. Where nothing can be written, nothing is said."""

    def __init__(self, path: Path, report: Report) -> None:
        self._path, self._report = path, report
        self._written = -EVERY
        self(0.0, {})

    def __call__(self, progress: float, figures: Mapping[str, float]) -> None:
        """Say it, unless it was said just now; ``progress`` is from 0 to 1."""
        if (now := time.monotonic()) - self._written < EVERY:
            return
        self._written = now
        kept = {name: float(value) for name, value in figures.items()}
        report = msgspec.structs.replace(self._report, progress=min(1.0, max(0.0, progress)), figures=kept)
        partial = self._path.with_suffix(".part")
        with contextlib.suppress(OSError):
            partial.write_bytes(msgspec.json.encode(report))
            partial.replace(self._path)


@contextlib.contextmanager
def announced(kind: str, name: str, folder: Path | None = None) -> Iterator[Announcement]:
    """Announce what is done within, and no longer."""
    folder = folder or _folder()
    path = folder / f"{os.getpid()}.json"
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            lock_file(held.enter_context(path.with_suffix(".lock").open("wb")).fileno())
        try:
            yield Announcement(path, Report(kind, name))
        finally:
            held.close()
            for left in (path, path.with_suffix(".lock")):
                with contextlib.suppress(OSError):
                    left.unlink(missing_ok=True)


def running(folder: Path | None = None) -> dict[str, Report]:
    """What runs, by the number of its process. What is left of others is removed."""
    found = {}
    for path in (folder or _folder()).glob("*.json"):
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            if _abandoned(path.with_suffix(".lock")):
                path.unlink(missing_ok=True)
                path.with_suffix(".lock").unlink(missing_ok=True)
            elif path.stat().st_size <= LARGEST:
                found[path.stem] = msgspec.json.decode(path.read_bytes(), type=Report)
    return found


async def watch(facts: dict[str, int | float | str], look_every: float = LOOK_EVERY) -> None:
    """Keep what ``/info`` knows up to date, until cancelled."""
    told: set[str] = set()
    while True:
        reports: dict[str, Report] = {}
        with contextlib.suppress(OSError):
            reports = await asyncio.to_thread(running)
        now: dict[str, int | float | str] = {}
        for process, report in reports.items():
            now[f"{report.kind}/{process}/progress"] = report.progress
            now[f"{report.kind}/{process}/told"] = report.told
        for name in told - set(now):
            facts.pop(name, None)
        facts.update(now)
        told = set(now)
        await asyncio.sleep(look_every)


def _abandoned(lock: Path) -> bool:
    try:
        with lock.open("r+b") as file:
            return lock_file(file.fileno())
    except FileNotFoundError:
        return True


def _folder() -> Path:
    return state_folder() / "running"
