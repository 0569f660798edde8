"""The pad's corners: how much of each, and melodies as text."""

import pytest

from models import pad
from models.contract import Note


def test_at_a_corner_there_is_that_corner_alone_and_shares_sum_to_one() -> None:
    places = ((0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0))
    for corner, place in enumerate(places):
        assert pad.shares(*place) == tuple(float(number == corner) for number in range(pad.CORNERS))
    assert pad.shares(0.5, 0.5) == (0.25, 0.25, 0.25, 0.25)
    assert sum(pad.shares(0.3, 0.8)) == pytest.approx(1.0)


def test_a_melody_is_read_as_it_was_written() -> None:
    notes = (Note(60, 90, 0.0, 1.0), Note(64, 1, 0.5, 0.25), Note(127, 127, 7.125, 1.0))
    assert pad.read(pad.written(notes)) == notes
    assert pad.read(" 62:1:1  60:0:0.5 ") == (Note(60, 88, 0.0, 0.5), Note(62, 88, 1.0, 1.0))
    assert pad.read("") == ()


@pytest.mark.parametrize("word", ["x", "128:0:1", "60:0:0", "60:0", "60:-1:1", "60:0:1:0", "60:0:1:128", "60:nan:1"])
def test_what_is_no_note_is_refused(word: str) -> None:
    with pytest.raises(ValueError, match=f"must be PITCH:BEAT:BEATS .*got '{word}'"):
        pad.read(f"60:0:1 {word}")
