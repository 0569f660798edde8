"""The figures of continuing, taken from a real worker."""

from bridge.music import timing


def test_they_are_taken() -> None:
    found = timing.figures(0.0, lambda _: None)
    assert [figure.name for figure in found] == ["continue_first_note_ms", "continue_2bar_ms"]
    first, whole = (figure.value for figure in found)
    assert first is not None and whole is not None, found[0].why
    assert 0 < first < whole
