"""``antiphon bench``: benches are found by name, and what they measure is written and shown."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bridge import bench
from bridge.__main__ import main
from bridge.bench import BenchError
from bridge.measure.figures import Figure


@pytest.fixture
def small_bench(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A bench of one figure; the seconds it was run for."""
    lengths: list[float] = []

    def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
        lengths.append(seconds)
        if seconds == 13:
            raise BenchError("the server ended")
        tell("measuring")
        return [Figure(name="one", value=1.0, unit="ms", goal="<= 2")]

    module = ModuleType("bridge.bench.small")
    module.HELP, module.SECONDS, module.measure = "a small one", 5.0, measure  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(bench, "names", lambda: ("small",))
    return lengths


def test_benches_are_found_by_name() -> None:
    assert "bridge" in bench.names()


def test_figures_are_shown_and_written(
    small_bench: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "new" / "figures.json"
    assert main(["bench", "small", "--json", str(path)]) == 0
    assert main(["bench", "small", "--seconds", "2"]) == 0
    assert small_bench == [5.0, 2.0]
    assert json.loads(path.read_text())["figures"] == [{"name": "one", "value": 1.0, "unit": "ms", "goal": "<= 2"}]
    shown = capsys.readouterr().out
    assert "measuring" in shown
    assert "hit" in shown


def test_a_bench_that_cannot_measure_writes_nothing(
    small_bench: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    assert main(["bench", "small", "--json", str(path), "--seconds", "13"]) == 1
    assert capsys.readouterr().err == "antiphon bench small: the server ended\n"
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_told_before_measuring(
    small_bench: list[float], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["bench", "small", "--json", str(tmp_path / "file" / "figures.json")]) == 1
    assert "cannot write" in capsys.readouterr().err
    assert not small_bench


def test_seconds_have_a_range(small_bench: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["bench", "small", "--seconds", "0.5"])
    assert "must be in range 1..3600 seconds, got 0.5" in capsys.readouterr().err
