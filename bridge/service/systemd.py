"""A user unit for systemd."""

import os
from collections.abc import Sequence
from pathlib import Path

from bridge.realtime.scheduling import PRIORITY
from bridge.service import NAME, Step

UNIT = f"{NAME}.service"


class Systemd:
    """Linux."""

    encoding = "utf-8"

    def path(self) -> Path:
        """Where user units lie."""
        config = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
        return Path(config) / "systemd" / "user" / UNIT

    def text(self, program: Sequence[str]) -> str:
        """The unit. Realtime scheduling needs limits that the user's own manager has, too: see ``antiphon doctor``."""
        command = " ".join(_quoted(word) for word in program)
        return f"""[Unit]
Description=Antiphon, the bridge between performers and generative models
After=pipewire.service jack.service
StartLimitIntervalSec=0

[Service]
ExecStart={command}
Restart=always
RestartSec=2
KillMode=mixed
TimeoutStopSec=15
Environment=PYTHONUNBUFFERED=1
LimitRTPRIO={PRIORITY}
LimitMEMLOCK=infinity

[Install]
WantedBy=default.target
"""

    def install(self, path: Path) -> list[Step]:
        """Read the units again, and start ours now and at every login."""
        return [
            Step(("systemctl", "--user", "daemon-reload")),
            Step(("systemctl", "--user", "enable", UNIT)),
            Step(("systemctl", "--user", "restart", UNIT)),
        ]

    def remove(self, path: Path) -> list[Step]:
        """Stop it for good."""
        return [Step(("systemctl", "--user", "disable", "--now", UNIT), may_fail=True)]

    def status(self) -> Step:
        """What systemd says."""
        return Step(("systemctl", "--user", "status", "--no-pager", UNIT))

    def advice(self) -> str:
        """At boot, without a login; and where the log is."""
        return f"to start it at boot, without a login: loginctl enable-linger; its log: journalctl --user -u {NAME}"


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or any(character in word for character in " \t'") or not word else word
