"""The quark in sclang itself, with a real server at the other end."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import CLIENTS, serving
from stage_models import CHORD

from bridge.client.server import free_ports
from tests.peers import require_program

HEADLESS = {"QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1"}


@pytest.fixture
def sclang(tmp_path: Path, patches: Path) -> list[str]:
    """The command for sclang with the quark, listening on a free port."""
    library = tmp_path / "library.yaml"
    library.write_text(f"includePaths: ['{(patches / 'supercollider').as_posix()}']\nexcludePaths: []\npostInlineWarnings: false\n")
    (port,) = free_ports(1)
    return [require_program("sclang", "supercollider-language"), "-l", str(library), "-u", str(port)]


def words(process: subprocess.Popen[str], seen: list[str]) -> Iterator[str]:
    assert process.stdout
    for line in process.stdout:
        seen.append(line.strip())
        yield seen[-1]


def test_a_pattern_plays_and_the_answer_is_heard(sclang: list[str], tmp_path: Path) -> None:
    with serving("--no-midi", stage=True) as served:
        served.performer.send("/clock/tempo", 240)
        served.performer.send("/music/answer_bars", 1)
        served.performer.ping(1)
        folders = {f"XDG_{name}": str(tmp_path) for name in ("RUNTIME_DIR", "DATA_HOME", "CONFIG_HOME")}
        environment = {**os.environ, **HEADLESS, **folders, "ANTIPHON_PORT": str(served.osc_port)}
        with subprocess.Popen(
            [*sclang, str(CLIENTS / "duet.scd")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        ) as process:
            try:
                seen: list[str] = []
                chord = {f"note 1 {pitch} 90" for pitch in CHORD}
                for line in words(process, seen):
                    if chord <= set(seen):
                        if served.process.poll() is None and line in chord:
                            served.process.terminate()  # in the middle of the answer
                assert process.wait() == 0, seen
            finally:
                process.kill()
    for expected in ("connected", "value /music/answer_bars 1", "value /music/temperature 1.5", "state answering"):
        assert expected in seen, seen
    assert [line for line in seen if line.startswith("error /no/such/address")], seen
    assert [line for line in seen if line.startswith("window ") and line != "window 0"], seen
    assert {f"note 1 {pitch} 0" for pitch in CHORD} <= set(seen)
    assert "gone, 0 sounding" in seen
    assert not [line for line in seen if "ERROR" in line or "WARNING" in line], seen
