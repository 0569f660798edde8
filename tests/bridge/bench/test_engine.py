"""``antiphon bench engine``, shortened."""

import pytest

from bridge.bench import engine


def test_every_figure_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CHANGES", 4)
    monkeypatch.setattr(engine, "SWAPS", 1)
    figures = {figure.name: figure.value for figure in engine.measure(0.5, lambda _: None)}
    assert list(figures) == ["parameter_to_frame_frames", "parameter_to_frame_ms", "fps_held", "swap_gap_ms"]
    assert all(value is not None and value > 0 for value in figures.values())
