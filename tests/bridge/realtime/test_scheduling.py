import subprocess
import sys

import pytest

from bridge.realtime import scheduling

RUN_AWAY = """
import time
from bridge.realtime import scheduling

said = []
scheduling.RUNAWAY = 0.2
claimed = scheduling.claim()
scheduling.guard(said.append)
end = time.monotonic() + 10
while not said and time.monotonic() < end and claimed.startswith("SCHED_FIFO"):
    pass
print(claimed)
print(*said)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has SCHED_FIFO and a limit on it")
def test_a_runaway_goes_on_without_realtime(on_path):
    done = subprocess.run([sys.executable, "-c", RUN_AWAY], capture_output=True, text=True, timeout=60, check=True)
    claimed, said = done.stdout.splitlines()
    if not claimed.startswith("SCHED_FIFO"):
        pytest.skip(claimed)
    assert said.startswith("the realtime process ran for 0.2 s without a pause")


def test_without_leave_it_says_what_to_do(monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(scheduling.sys, "platform", "linux")
    monkeypatch.setattr(scheduling.os, "sched_setscheduler", refuse, raising=False)
    monkeypatch.setattr(scheduling.os, "sched_param", lambda priority: priority, raising=False)
    monkeypatch.setattr(scheduling.os, "SCHED_FIFO", 1, raising=False)
    claimed = scheduling.claim()
    assert claimed.startswith("best effort (SCHED_FIFO: Operation not permitted; ")
    assert "rtprio 50" in claimed
    assert "limits.d" in claimed


def test_a_system_without_fifo_says_so(monkeypatch):
    monkeypatch.setattr(scheduling.sys, "platform", "darwin")
    monkeypatch.delattr(scheduling.os, "sched_setscheduler", raising=False)
    assert scheduling.claim() == "best effort (darwin has no SCHED_FIFO for processes)"
