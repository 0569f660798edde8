"""The uses of the embedded melody model, asked for over OSC of a real server."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from serving import Performer, Serving, serving

from bridge.addresses import Table

SCALE = (60, 64, 67, 65)


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "32", "--height", "32") as found:
        found.performer.send("/clock/tempo", 400.0)
        found.performer.send("/music/call_bars", 8)  # so that only actions are answered
        found.performer.send("/music/answer_bars", 1)
        found.performer.send("/music/temperature", 0.9)
        found.performer.send("/music/seed", 7)
        found.performer.send("/subscribe", "/music/*")
        found.performer.send("/subscribe", "/music/note/length")
        found.performer.ping(1)
        yield found


@pytest.fixture
def performer(served: Serving) -> Iterator[Performer]:
    """One who has just played a few notes, which are over."""
    performer = served.performer
    performer.send("/music/stop")
    for pitch in SCALE:
        performer.send("/music/note/in", 1, pitch, 100)
        performer.send("/music/note/in", 1, pitch, 0)
    performer.ping(2)
    performer.forget()
    yield performer
    performer.send("/panic")
    performer.wait("/panicked")


def answered(performer: Performer, path: str, *values: Any) -> list[int]:
    """The pitches of what an action plays."""
    performer.send(path, *values)
    performer.wait("/music/state", lambda state: state == "answering")
    performer.wait("/music/state", lambda state: state == "waiting")
    return [values[1] for path, values in performer.heard if path == "/music/note/length"]


@pytest.mark.parametrize(
    ("use", "values"),
    [
        ("generate", ()),
        ("continue", ()),
        ("vary", (0.8,)),
        ("interpolate", ()),
        ("interpolate", (1,)),
        ("complete", ()),
        ("morph", (1.0, 0.0, 0.5, -1.0)),
    ],
)
def test_each_use_is_played_from_the_next_bar_on(performer: Performer, use: str, values: tuple[Any, ...]) -> None:
    assert answered(performer, f"/music/{use}", *values)


def test_a_seed_gives_the_same_again(performer: Performer) -> None:
    first = answered(performer, "/music/generate")
    performer.forget()
    assert answered(performer, "/music/generate") == first


def test_arguments_are_held_against_the_declaration(performer: Performer) -> None:
    assert "variation must be in range 0..1, got 2.0" in performer.ask_for_error("/music/vary", 2.0)[1]
    assert "density must be in range -3..3, got 4.0" in performer.ask_for_error("/music/morph", 4.0)[1]


def test_what_cannot_be_done_is_told(performer: Performer) -> None:
    path, reason = performer.ask_for_error("/music/complete", "99")  # one bar or two, as late as it is
    assert path == "/music/complete"
    assert re.fullmatch(r"gaps must lie in the \d bars that were heard, in order, got '99'", reason)
    performer.send("/music/chords", "C H")
    path, reason = performer.ask_for_error("/music/vary")
    assert path == "/music/vary" and "a chord must be a symbol" in reason
    performer.send("/music/chords", "")
    performer.send("/music/stop")
    path, reason = performer.ask_for_error("/music/vary")
    assert "at least one note" in reason


def test_uses_lie_at_the_slot() -> None:
    table = Table()
    for use in ("generate", "continue", "vary", "interpolate", "complete", "morph"):
        assert table[f"/music/{use}"].kind == "action"
    assert [argument.name for argument in table["/music/vary"].arguments] == ["variation"]
    assert table["/music/chords"].kind == "parameter"


def test_the_pad_plays_what_was_kept_at_its_corners(performer: Performer) -> None:
    performer.send("/subscribe", "/pad/melody/*")
    performer.send("/pad/keep", 2)
    (text,) = performer.wait("/pad/melody/2")
    assert {int(word.split(":")[0]) for word in text.split()} == set(SCALE)
    performer.send("/pad/melody/3", "60:0:1 62:1:1 64:2:2")
    for path, value in (("/pad/music", 1), ("/pad/x", 0.0), ("/pad/y", 0.0), ("/music/temperature", 0.0)):
        performer.send(path, value)
    assert set(answered(performer, "/music/generate")) == {60, 62, 64}
    assert "in range 1..4, got 5" in performer.ask_for_error("/pad/keep", 5)[1]
    performer.send("/pad/music", 0)
    performer.send("/music/temperature", 0.9)
    performer.ping(3)
