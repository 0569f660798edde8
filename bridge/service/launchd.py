"""A launch agent for macOS. Follows Apple's manual (man launchd.plist); not tried on a Mac."""

import os
import plistlib
from collections.abc import Sequence
from pathlib import Path

from bridge.service import Step
from bridge.system import state_folder

LABEL = "org.antiphon.bridge"


class Launchd:
    """macOS."""

    encoding = "utf-8"

    def path(self) -> Path:
        """Where a user's agents lie."""
        return Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"

    def text(self, program: Sequence[str]) -> str:
        """The agent; launchd keeps no logs, so the server writes one that rotates."""
        agent = {
            "Label": LABEL,
            "ProgramArguments": [*program, "--log", str(state_folder() / "antiphon.log")],
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": 5,
            "ProcessType": "Interactive",
            "StandardOutPath": "/dev/null",
            "StandardErrorPath": "/dev/null",
        }
        return plistlib.dumps(agent).decode()

    def install(self, path: Path) -> list[Step]:
        """Load it, in place of an older one."""
        return [
            Step(("launchctl", "bootout", f"{_domain()}/{LABEL}"), may_fail=True),
            Step(("launchctl", "bootstrap", _domain(), str(path))),
        ]

    def remove(self, path: Path) -> list[Step]:
        """Stop it for good."""
        return [Step(("launchctl", "bootout", f"{_domain()}/{LABEL}"), may_fail=True)]

    def status(self) -> Step:
        """What launchd says."""
        return Step(("launchctl", "print", f"{_domain()}/{LABEL}"))

    def advice(self) -> str:
        """Where the log is."""
        return f"its log: {state_folder() / 'antiphon.log'}"


def _domain() -> str:
    return f"gui/{os.getuid()}" if hasattr(os, "getuid") else "gui/501"
