"""bench sinks: every figure that the issue names is taken, or says why not."""

import pytest

from bridge.bench import sinks

NAMED = {"shared_memory", "websocket", "mjpeg", "webrtc", "ndi", "mpegts", "jitnet"}


def test_every_sink_is_measured_in_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "SIZES", {"": (128, 128)})
    monkeypatch.setattr(sinks, "HOW", {name: sinks.HOW[name] for name in ("shared_memory", "websocket")})
    figures = {figure.name: figure for figure in sinks.measure(0.5, lambda text: None)}
    for name in ("shared_memory", "websocket"):
        assert figures[f"{name}_fps"].value, figures[f"{name}_fps"].why
        age = figures[f"{name}_age_p50_ms"].value
        assert age is not None and age > 0
    assert figures["eight_readers_cost_ratio"].goal == "<= 1.3"


def test_the_figures_that_are_asked_for() -> None:
    assert set(sinks.HOW) >= NAMED and set(sinks.SIZES) == {"", "_720p"}
    assert sinks.FPS_GOALS == {"shared_memory": 58, "websocket": 58, "ndi": 58, "mjpeg": 45, "webrtc": 48, "mpegts": 28}
    assert sinks.AGE_GOALS == {"shared_memory": 1, "websocket": 12, "ndi": 20, "webrtc": 40}


def test_a_receiver_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sinks, "SIZES", {"": (128, 128)})
    monkeypatch.setattr(sinks, "HOW", {"websocket": "a wrong port"})
    monkeypatch.setattr(sinks, "_source", lambda name, stage: _Nowhere())
    monkeypatch.setattr(sinks, "cost_ratio", lambda stage, seconds: sinks.Figure(name="x", value=1, unit="", goal=""))
    figure = sinks.measure(0.5, lambda text: None)[0]
    assert figure.value is None and "ConnectionRefusedError" in figure.why


class _Nowhere:
    def __enter__(self) -> object:
        return sinks.receivers.mjpeg, 1

    def __exit__(self, *error: object) -> None:
        pass
