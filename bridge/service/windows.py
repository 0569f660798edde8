"""A task for Windows' scheduler. Follows Microsoft's schema of tasks; not tried on Windows."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from bridge.service import Step
from bridge.system import state_folder

TASK = "Antiphon"


class WindowsTask:
    """Windows."""

    encoding = "utf-16"

    def path(self) -> Path:
        """Where we keep what the task was made from."""
        return state_folder() / "antiphon-task.xml"

    def text(self, program: Sequence[str]) -> str:
        """The task; the scheduler keeps no logs, so the server writes one that rotates."""
        arguments = subprocess.list2cmdline([*program[1:], "--log", str(state_folder() / "antiphon.log")])
        return f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers>
    <LogonTrigger><Enabled>true</Enabled></LogonTrigger>
  </Triggers>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>4</Priority>
    <RestartOnFailure>
      <Interval>PT1M</Interval>
      <Count>999</Count>
    </RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{escape(program[0])}</Command>
      <Arguments>{escape(arguments)}</Arguments>
    </Exec>
  </Actions>
</Task>
"""

    def install(self, path: Path) -> list[Step]:
        """Make the task, in place of an older one, and run it."""
        return [
            Step(("schtasks", "/create", "/f", "/tn", TASK, "/xml", str(path))),
            Step(("schtasks", "/run", "/tn", TASK)),
        ]

    def remove(self, path: Path) -> list[Step]:
        """Stop it for good."""
        return [
            Step(("schtasks", "/end", "/tn", TASK), may_fail=True),
            Step(("schtasks", "/delete", "/f", "/tn", TASK), may_fail=True),
        ]

    def status(self) -> Step:
        """What the scheduler says."""
        return Step(("schtasks", "/query", "/v", "/fo", "list", "/tn", TASK))

    def advice(self) -> str:
        """Where the log is."""
        return f"its log: {state_folder() / 'antiphon.log'}"
