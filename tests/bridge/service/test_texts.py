"""What is written for each service manager; systemd's own program reads its part."""

import logging
import os
import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bridge.__main__ import main
from bridge.commands import serve
from bridge.service import of_system, program

FLAGS = ["--osc-port", "9000", "--config", "/shows/a player/50% $wet.toml"]


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    text = of_system("linux").text(program(FLAGS))
    assert (
        f'ExecStart={sys.executable} -m bridge serve --osc-port 9000 --config "/shows/a player/50%% $$wet.toml"' in text
    )
    assert "Restart=always" in text
    assert "StartLimitIntervalSec=0" in text
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is missing")
    unit = tmp_path / "antiphon.service"
    unit.write_text(text)
    environment = os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [analyze, "--user", "verify", str(unit)], capture_output=True, text=True, timeout=60, env=environment
    )
    if "Failed to" in done.stderr and "antiphon" not in done.stderr:
        pytest.skip(f"systemd-analyze does not run here: {done.stderr.strip()[-200:]}")
    assert "antiphon.service" not in done.stderr, done.stderr


def test_launchd_gets_a_property_list() -> None:
    agent = plistlib.loads(of_system("darwin").text(program(FLAGS)).encode())
    assert agent["ProgramArguments"][: 4 + len(FLAGS)] == [sys.executable, "-m", "bridge", "serve", *FLAGS]
    assert agent["KeepAlive"]
    assert "--log" in agent["ProgramArguments"]


def test_windows_gets_a_task() -> None:
    manager = of_system("win32")
    text = manager.text([r"C:\Program Files\Python\python.exe", *program(FLAGS)[1:]])
    task = ElementTree.fromstring(text.encode(manager.encoding))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert task.findtext(".//t:Exec/t:Command", namespaces=space) == r"C:\Program Files\Python\python.exe"
    arguments = task.findtext(".//t:Exec/t:Arguments", namespaces=space) or ""
    assert arguments.startswith('-m bridge serve --osc-port 9000 --config "/shows/a player/50% $wet.toml" --log ')
    assert task.findtext(".//t:RestartOnFailure/t:Count", namespaces=space) == "999"


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_manager_says_what_to_run(system: str) -> None:
    manager = of_system(system)
    path = manager.path()
    assert all(step.command for step in (*manager.install(path), *manager.remove(path), manager.status()))
    assert "log" in manager.advice()


def test_show_prints_and_refuses_wrong_flags(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "show", "--", "--osc-port", "9000"]) == 0
    assert "9000" in capsys.readouterr().out
    assert main(["service", "show", "--osc-port", "70000"]) == 2
    assert "osc" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_install_and_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    said = tmp_path / "said"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {said}\n')
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert main(["service", "install", "--osc-port", "9000"]) == 0
    unit = tmp_path / "systemd" / "user" / "antiphon.service"
    assert "--osc-port 9000" in unit.read_text()
    assert "journalctl" in capsys.readouterr().out
    assert main(["service", "status"]) == 0
    assert main(["service", "remove"]) == 0
    assert not unit.exists()
    assert [line.split()[1] for line in said.read_text().splitlines()] == [
        "daemon-reload",
        "enable",
        "restart",
        "status",
        "disable",
    ]
    systemctl.write_text("#!/bin/sh\nexit 1\n")
    assert main(["service", "install"]) == 1


def test_the_log_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(root, "level", logging.INFO)
    monkeypatch.setattr(serve, "LOG_BYTES", 1000)
    path = tmp_path / "logs" / "antiphon.log"
    serve._log_to(path)
    serve._announce("Antiphon is ready")
    assert "Antiphon is ready" in path.read_text()
    for number in range(500):
        logging.getLogger("antiphon").warning("something went wrong, number %d", number)
    root.handlers[-1].close()
    files = sorted(path.parent.iterdir())
    assert len(files) == serve.LOG_FILES
    assert sum(file.stat().st_size for file in files) <= 6000
    assert "number 499" in path.read_text()
