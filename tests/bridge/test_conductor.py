"""What performers say about the clock over OSC, on a whole bridge."""

import time
from collections.abc import Iterator

import pytest
from serving import PATIENCE, Performer, Serving, serving


@pytest.fixture(scope="module")
def stage() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "64", "--height", "48", stage=True) as served:
        yield served


@pytest.fixture
def performer(stage: Serving) -> Iterator[Performer]:
    performer = Performer(stage.osc_port)
    for path, value in (("/clock/source", "internal"), ("/clock/tempo", 240.0)):
        performer.send(path, value)
    performer.send("/clock/continue")
    performer.send("/subscribe", "/clock/*")
    performer.ping(1)
    yield performer
    performer.send("/unsubscribe")
    performer.ping(2)
    performer.close()


def test_the_clock_starts_stops_and_goes_on(performer: Performer) -> None:
    performer.send("/clock/stop")
    performer.wait("/clock/playing", lambda on: on == 0)
    performer.ping(3)
    performer.send("/clock/continue")
    performer.wait("/clock/playing", lambda on: on == 1)
    performer.wait("/clock/beat")
    performer.wait("/clock/beat")
    beats = [values[0] for path, values in performer.heard if path == "/clock/beat"]
    assert beats == list(range(beats[0], beats[0] + len(beats)))
    performer.send("/clock/start")
    performer.wait("/clock/bar", lambda bar, beat: bar == 0)


def test_taps_set_the_tempo(performer: Performer) -> None:
    for _ in range(4):
        performer.send("/clock/tap")
        time.sleep(0.4)
    performer.wait("/clock/tempo", lambda tempo: abs(tempo - 240) > 1)  # which one, a busy machine cannot promise


def test_a_ramp_ends_at_its_tempo(performer: Performer) -> None:
    performer.send("/clock/ramp", 300.0, 4.0)
    assert performer.wait("/clock/tempo", lambda tempo: tempo == pytest.approx(300, abs=0.01))


def test_a_host_leads_over_osc(performer: Performer) -> None:
    performer.send("/clock/source", "host")
    performer.send("/clock/host/tempo", 200.0)
    performer.wait("/clock/tempo", lambda tempo: tempo == pytest.approx(200))
    performer.send("/clock/host/playing", 0)
    performer.wait("/clock/playing", lambda on: on == 0)
    performer.send("/clock/host/playing", 1)
    performer.send("/clock/host/beat", 39.9)
    performer.wait("/clock/bar", lambda bar, _: bar >= 10)
    _, reason = performer.ask_for_error("/clock/tempo", 90.0)
    assert "must be said to what leads the clock, which is host" in reason
    assert "tempo must be in range 20..400" in performer.ask_for_error("/clock/host/tempo", 0.0)[1]


def test_a_midi_clock_that_does_not_come_stops_the_clock_and_says_so(performer: Performer) -> None:
    performer.send("/clock/coast", 1.0)
    performer.send("/clock/source", "midi")
    performer.wait("/error", lambda _, reason: "no MIDI clock was heard for 1 beats" in reason)
    performer.wait("/clock/state", lambda state: state == "lost", PATIENCE)


def test_the_first_note_after_a_rest_is_the_first_beat_of_a_bar(performer: Performer) -> None:
    performer.send("/subscribe", "/music/*")
    performer.send("/music/stop")
    performer.send("/clock/tempo", 60.0)
    performer.send("/clock/first_note", 1)
    performer.wait("/clock/first_note")
    performer.wait("/clock/beat")
    time.sleep(0.3)  # off the beat
    performer.send("/music/note/in", 1, 62, 90)
    performer.send("/music/note/in", 1, 62, 0)
    # The bar line is at once, and the call begins with it: it is answered, though its beat moved with its first note.
    both = {("/clock/bar",), ("/music/state", "listening")}
    while both:
        path, values = performer.listen(time.monotonic() + PATIENCE) or pytest.fail(f"{both} did not come")
        both -= {(path,), (path, *values[:1])}
    performer.send("/clock/tempo", 400.0)
    performer.wait("/music/state", lambda state: state == "answering")
    performer.send("/clock/first_note", 0)
    performer.wait("/clock/first_note")


def test_a_stopped_clock_begins_with_the_first_note(performer: Performer) -> None:
    performer.send("/subscribe", "/music/*")
    performer.send("/music/stop")
    performer.send("/clock/first_note", 1)
    performer.send("/clock/stop")
    performer.wait("/clock/playing", lambda on: on == 0)
    performer.send("/music/note/in", 1, 62, 90)
    performer.wait("/clock/playing", lambda on: on == 1)
    performer.wait("/music/state", lambda state: state == "answering")
    performer.send("/music/note/in", 1, 62, 0)
    performer.send("/clock/first_note", 0)
    performer.wait("/clock/first_note")
