"""The drum model in the live slot of a real server, and its uses over OSC."""

from collections.abc import Iterator
from typing import Any

import pytest
from serving import Performer, Serving, serving

from models.music_vae.kits import REDUCED

KIT = {drum[0] for drum in REDUCED}


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "32", "--height", "32") as found:
        performer = found.performer
        for path, value in (("/clock/tempo", 400.0), ("/music/answer_bars", 1), ("/music/call_bars", 1)):
            performer.send(path, value)
        performer.send("/music/channel", 10)
        performer.send("/music/seed", 7)
        performer.send("/subscribe", "/music/*")
        performer.send("/subscribe", "/music/note/length")
        performer.send("/music/model", "music_drums")
        performer.wait_until_running("music")
        yield found


@pytest.fixture
def performer(served: Serving) -> Iterator[Performer]:
    yield served.performer
    served.performer.send("/panic")
    served.performer.wait("/panicked")


def play(performer: Performer, *pitches: int) -> None:
    performer.forget()
    for pitch in pitches:
        performer.send("/music/note/in", 1, pitch, 100)
        performer.send("/music/note/in", 1, pitch, 0)


def drums(performer: Performer) -> list[list[Any]]:
    """What is played until the answer is over."""
    performer.wait("/music/state", lambda state: state == "answering")
    performer.wait("/music/state", lambda state: state == "waiting")
    return [values for path, values in performer.heard if path == "/music/note/length"]


def test_whatever_is_played_is_drummed_to(performer: Performer) -> None:
    play(performer, 60, 64, 67)
    found = drums(performer)
    assert found
    assert all(channel == 10 and pitch in KIT for channel, pitch, _, _ in found)


@pytest.mark.parametrize(
    ("path", "values"),
    [("generate", ()), ("music_drums/drumify", ()), ("continue", ()), ("morph", (1.0, 0.0, 0.0, 0.0))],
)
def test_uses_of_drums(performer: Performer, path: str, values: tuple[Any, ...]) -> None:
    performer.send("/music/call_bars", 8)
    play(performer, 36, 42)
    performer.send(f"/music/{path}", *values)
    assert drums(performer)
    performer.send("/music/stop")
    performer.send("/music/call_bars", 1)


def test_a_groove_plays_what_was_heard(performer: Performer) -> None:
    performer.send("/music/call_bars", 8)
    play(performer, 36, 42)
    performer.send("/music/music_drums/groove", 1.0)
    assert sorted(pitch for _, pitch, _, _ in drums(performer)) == [36, 42]
    performer.send("/music/stop")
    performer.send("/music/call_bars", 1)
