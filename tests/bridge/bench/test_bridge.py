"""``antiphon bench bridge``, shortened, with models that answer at once."""

import os
import sys
from pathlib import Path

import pytest

from bridge.bench import bridge
from bridge.bench.bridge import flood, start
from bridge.bench.bridge.under_load import echo_latencies
from bridge.client import server
from bridge.client.osc import Received

CLIENTS = Path(__file__).parents[2] / "clients"
GOALS = {
    "osc_to_parameter_p99_ms": "<= 10",
    "first_note_p99_ms": "<= 60",
    "note_lateness_p50_ms": "<= 0.2",
    "note_lateness_p99_ms": "<= 3",
    "frames_per_second": ">= 20",
    "frame_age_p50_ms": "",
    "osc_messages_per_second": ">= 20000",
    "server_start_s": "<= 1.5",
    "first_answer_s": "<= 8",
}
"""As issue 2 sets them."""


def test_every_figure_is_taken_or_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CLIENTS), str(CLIENTS.parents[1])]))
    monkeypatch.setattr(server, "SERVE", (sys.executable, str(CLIENTS / "serve_demo_stage.py")))
    monkeypatch.setattr(start, "STARTS", 1)
    monkeypatch.setattr(start, "ANSWERS", 1)
    monkeypatch.setattr(flood, "RATES", (1_000, 2_000))
    monkeypatch.setattr(flood, "FIRST", 1)
    monkeypatch.setattr(flood, "SECONDS", 0.5)
    figures = {figure.name: figure for figure in bridge.measure(3.0, lambda _: None)}
    assert {name: figures[name].goal for name in GOALS} == GOALS
    for figure in figures.values():
        assert (figure.value is None) == bool(figure.why), figure
        assert figure.detail
    rate = figures["osc_messages_per_second"].value
    assert rate is None or rate <= 2_000


def test_echoes_are_matched_by_value_and_the_missing_are_counted() -> None:
    echoes = [Received(time, "/x", (value,)) for value, time in ((0.25, 1.01), (0.75, 3.5), (0.25, 9.0))]
    latencies, lost = echo_latencies([(0.25, 1.0), (0.5, 2.0), (0.75, 3.0)], echoes)
    assert latencies == pytest.approx([0.01, 0.5])
    assert lost == 1
