"""What trains or downloads beside the server, seen by the server and on its page."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from browser import Page, chromium
from serving import PATIENCE, serving

from bridge import announce

TRAINS = """
import sys
from pathlib import Path
from bridge import announce
announce.EVERY = 0.0
with announce.announced("training", "tune to /a/b") as tell:
    for line in sys.stdin:
        tell(float(line), {"step": 100 * float(line), "loss": 0.5})
        print("told", flush=True)
"""


class Training:
    """A process that says how far it is as it is told to."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", TRAINS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def say(self, progress: float) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{progress}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "told\n"

    def close(self) -> None:
        self.process.communicate(timeout=PATIENCE)


def test_what_runs_is_announced_and_no_longer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(announce, "EVERY", 0.0)
    assert announce.running(tmp_path / "none") == {}
    with announce.announced("download", "a model", tmp_path / "some") as tell:
        tell(0.25, {"MB": 1.5})
        (report,) = announce.running(tmp_path / "some").values()
        assert report == announce.Report("download", "a model", 0.25, {"MB": 1.5})
        assert report.told == "a model, MB 1.5"
        tell(7.0, {})
        assert [report.progress for report in announce.running(tmp_path / "some").values()] == [1.0]
    assert list((tmp_path / "some").iterdir()) == []


def test_a_training_goes_on_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with announce.announced("training", "x", tmp_path / "file") as tell:
        tell(0.5, {})


def test_what_is_killed_is_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTIPHON_STATE", str(tmp_path))
    training = Training()
    training.say(0.5)
    assert [report.name for report in announce.running().values()] == ["tune to /a/b"]
    (tmp_path / "running" / "7.json").write_text("no report")
    training.process.send_signal(signal.SIGKILL)
    training.close()
    assert announce.running() == {} and list((tmp_path / "running").iterdir()) == []


def test_the_server_tells_it_and_the_page_shows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ANTIPHON_STATE", str(tmp_path))
    with serving("--no-midi", stage=True) as server, chromium(tmp_path / "profile", 1200, 800) as browser:
        room = browser.open(f"http://127.0.0.1:{server.http_port}/", Page)
        training = Training()
        training.say(0.25)
        until = time.monotonic() + PATIENCE
        while not (told := server.performer.info("training/")):
            assert time.monotonic() < until
        number = training.process.pid
        assert told == {
            f"training/{number}/progress": 0.25,
            f"training/{number}/told": "tune to /a/b, step 25, loss 0.5",
        }
        bar = f"document.querySelector('[data-running=\"training/{number}\"]')"
        room.wait_for(f"{bar}?.querySelector('progress').value === 0.25")
        assert "training: tune to /a/b, step 25, loss 0.5, 25 %" in room.evaluate(f"{bar}.textContent")
        training.say(0.5)
        room.wait_for(f"{bar}.querySelector('progress').value === 0.5")
        training.close()
        room.wait_for(f"{bar} === null")
        assert "training/" not in room.evaluate("document.querySelector('#panel-machine').textContent")
        assert server.performer.info("training/") == {}
