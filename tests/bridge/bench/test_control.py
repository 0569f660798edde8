"""``antiphon bench control``, shortened, with models that answer at once."""

import os
import sys
from pathlib import Path

import pytest

from bridge.bench import control
from bridge.bench.control import crowd, room
from bridge.client import server

CLIENTS = Path(__file__).parents[2] / "clients"
GOALS = {
    "page_opens_s": "<= 2",
    "page_to_parameter_p99_ms": "<= 30",
    "osc_to_page_p99_ms": "<= 80",
    "page_idle_percent": "<= 5",
    "hundred_clients_p99_ms": "<= 50",
    "changes_per_second": ">= 990",
    "note_lateness_p99_ms": "<= 3",
}
"""As issue 10 sets them."""


def test_every_figure_is_taken_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CLIENTS), str(CLIENTS.parents[1])]))
    monkeypatch.setattr(server, "SERVE", (sys.executable, str(CLIENTS / "serve_demo_stage.py")))
    monkeypatch.setattr(room, "CALM_AFTER", 0.1)
    monkeypatch.setattr(room, "IDLE_SECONDS", 0.5)
    monkeypatch.setattr(room, "SETTLE", 0.1)
    monkeypatch.setattr(crowd, "LOOKED_AT", 1)
    figures = {figure.name: figure for figure in control.measure(1.0, lambda _: None)}
    assert {name: figures[name].goal for name in GOALS} == GOALS
    for figure in figures.values():
        assert (figure.value is None) == bool(figure.why), figure
        assert figure.detail


def test_without_a_browser_the_rest_is_measured() -> None:
    figures = room.room_figures(None, None, 1.0)  # type: ignore[arg-type]
    assert figures and all(figure.value is None and "no Chromium" in figure.why for figure in figures)
