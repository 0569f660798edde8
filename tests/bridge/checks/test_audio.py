import sys
from pathlib import Path

import pytest

from bridge.checks.audio import audio
from bridge.config import Settings


def pretend(monkeypatch: pytest.MonkeyPatch, folder: Path, source: str) -> None:
    """Let the source stand for the package sounddevice in interpreters that are started."""
    (folder / "sounddevice.py").write_text(source, "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_without_portaudio_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, tmp_path, "raise OSError('PortAudio library not found')")
    (finding,) = audio(Settings())
    assert finding.state == "note"
    assert "PortAudio library not found" in finding.text
    if sys.platform == "linux":
        assert "apt install libportaudio2" in finding.advice


def test_devices_are_listed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    device = {"name": "Desk", "max_input_channels": 2, "max_output_channels": 4}
    pretend(monkeypatch, tmp_path, f"def query_devices(): return [{device}]")
    (finding,) = audio(Settings())
    assert (finding.state, finding.text) == ("ok", "Desk: 2 in, 4 out")
