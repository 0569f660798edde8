"""Figures, their goals, and the reports made of them."""

import json
from pathlib import Path

import pytest

from bridge.measure.figures import Figure, percentile, percentile_ms
from bridge.measure.machine import machine
from bridge.measure.report import Report, read, table


def figure(value: float | None, goal: str = "<= 10", **more: str) -> Figure:
    return Figure(name="some_p99_ms", value=value, unit="ms", goal=goal, **more)


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (10.0, "<= 10", "hit"),
        (10.01, "<= 10", "missed"),
        (20000.0, ">= 20000", "hit"),
        (19999.0, ">= 20000", "missed"),
        (3.0, "", ""),
        (None, "<= 10", "not taken"),
        (None, "", "not taken"),
    ],
)
def test_verdict(value: float | None, goal: str, verdict: str) -> None:
    assert figure(value, goal).verdict == verdict


def test_percentile_is_the_nearest_rank() -> None:
    samples = [float(number) for number in range(100, 0, -1)]
    assert [percentile(samples, percent) for percent in (0, 1, 50, 99, 100)] == [1, 1, 50, 99, 100]
    assert percentile([7.0], 99) == 7.0
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)
    assert percentile_ms([], 50) is None
    assert percentile_ms([0.0012345], 50) == 1.234


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0.00"),
        (0.1234, "0.123"),
        (1.234, "1.23"),
        (12.34, "12.3"),
        (123.4, "123"),
        (20500.0, "20,500"),
    ],
)
def test_values_are_shown_with_three_digits(value: float | None, shown: str) -> None:
    assert figure(value).shown == shown


def test_report_has_the_shape_that_readers_expect(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    report = Report(machine(), [figure(1.5), figure(None, why="it rained")])
    report.write(path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert set(found) == {"machine", "figures"}
    assert {"cpu", "cores", "memory_gib", "os", "python", "load_before", "load_after"} <= set(found["machine"])
    assert found["figures"] == [
        {"name": "some_p99_ms", "value": 1.5, "unit": "ms", "goal": "<= 10"},
        {"name": "some_p99_ms", "value": None, "unit": "ms", "goal": "<= 10", "why": "it rained"},
    ]
    assert read(path) == report
    assert [file.name for file in tmp_path.iterdir()] == ["figures.json"]


def test_table_tells_hit_missed_and_why() -> None:
    lines = table([figure(1.0), figure(11.0), figure(None, why="it rained")]).splitlines()
    assert [line.rpartition("  ")[2] for line in lines[2:]] == ["hit", "missed", "not taken", "it rained"]
    assert "it rained" in lines[-1]
