"""``antiphon bench frames``, shortened."""

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

from bridge.bench import frames


def test_every_figure_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "SIZES", ((64, 64),))
    figures = {figure.name: figure for figure in frames.measure(0.5, lambda _: None)}
    assert figures["diffusion_256_fps"].value > 0
    assert figures["stream_over_diffusers_4_steps"].goal == ">= 1"
    ours, theirs = (figures[f"{name}_4_steps_fps"].value for name in ("stream", "diffusers"))
    assert figures["stream_over_diffusers_4_steps"].value == pytest.approx(ours / theirs, rel=0.02)


def test_both_are_called_in_turn() -> None:
    calls: list[int] = []
    frames.alternate(lambda: calls.append(1), lambda: calls.append(2), 0.01)
    assert calls[:6] == [1, 2, 1, 2, 1, 2] and len(calls) % 2 == 0
