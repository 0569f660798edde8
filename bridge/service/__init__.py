"""Antiphon as a service of the system that runs it: started at login, and again whenever it ends."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

NAME = "antiphon"


class Step(NamedTuple):
    """A command to run."""

    command: tuple[str, ...]
    may_fail: bool = False


class Service(Protocol):
    """What one kind of service manager wants; nothing here touches the system."""

    encoding: str

    def path(self) -> Path:
        """Where the manager looks for its description of us."""
        ...

    def text(self, program: Sequence[str]) -> str:
        """That description, for a program and its arguments."""
        ...

    def install(self, path: Path) -> Sequence[Step]:
        """What to run once the description lies at ``path``."""
        ...

    def remove(self, path: Path) -> Sequence[Step]:
        """What to run before the description is removed."""
        ...

    def status(self) -> Step:
        """What tells whether we run."""
        ...

    def advice(self) -> str:
        """What else the user may want to do."""
        ...


def program(arguments: Sequence[str]) -> list[str]:
    """The command of this installation, as a service runs it."""
    return [sys.executable, "-m", "bridge", "serve", *arguments]


def of_system(system: str = sys.platform) -> Service:
    """The service manager of a system."""
    from bridge.service.launchd import Launchd
    from bridge.service.systemd import Systemd
    from bridge.service.windows import WindowsTask

    if system == "win32":
        return WindowsTask()
    return Launchd() if system == "darwin" else Systemd()
