import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.realtime.clock import Clock
from bridge.realtime.midi_clock import CONTINUE, SONG_POSITION, START, STOP, TICK, MidiClockIn, MidiClockOut


class Out:
    """A clock at 120 bpm since time 100, and the MIDI clock made of it."""

    def __init__(self):
        self.clock = Clock(100.0)
        self.sent = []
        self.out = MidiClockOut(self.clock, lambda message, due: self.sent.append((due, message)))

    def until(self, time):
        while (due := self.out.next_due()) <= time:
            self.out.perform(due)

    def kinds(self):
        return [message[0] for _, message in self.sent]


def test_ticks_are_a_24th_of_a_beat_apart_and_start_with_the_song():
    stage = Out()
    stage.out.enable(True, 100.0)
    stage.until(101.0)
    assert stage.kinds() == [START] + [TICK] * 49
    assert [due for due, message in stage.sent if message == bytes([TICK])] == pytest.approx(
        [100 + tick / 48 for tick in range(49)]
    )


def test_who_joins_later_is_told_where_the_song_is_on_the_next_beat():
    stage = Out()
    stage.out.enable(True, 172.3)
    stage.until(172.6)
    assert stage.sent[0] == (172.5, bytes([SONG_POSITION, (145 * 4) & 127, (145 * 4) >> 7]))
    assert stage.kinds()[1:3] == [CONTINUE, TICK]


def test_it_stops_and_goes_on_with_the_clock():
    stage = Out()
    stage.out.enable(True, 100.0)
    stage.until(101.1)
    stage.clock.stop(101.1)
    stage.out.moved(101.1)
    stage.until(105)
    assert stage.kinds()[-1] == STOP
    stage.clock.play(105)
    stage.clock.locate(0, 105)
    stage.out.moved(105)
    del stage.sent[:]
    stage.until(105.6)
    assert stage.sent[0] == (105.0, bytes([START]))
    stage.out.enable(False, 106)
    assert stage.kinds()[-1] == STOP
    assert stage.out.next_due() == math.inf


@given(st.lists(st.tuples(st.floats(20, 400), st.floats(0.01, 3)), max_size=10))
@settings(max_examples=25, deadline=None)
def test_every_tick_is_sent_once_through_changes_of_tempo(changes):
    stage, time = Out(), 100.0
    stage.out.enable(True, time)
    for tempo, seconds in changes:
        time += seconds
        stage.until(time)
        stage.clock.set_tempo(tempo, time)
    assert stage.kinds().count(TICK) == math.floor(24 * stage.clock.beat_at(time) + 1e-6) + 1 if changes else True


def test_after_the_machine_slept_no_burst_of_ticks_follows():
    stage = Out()
    stage.out.enable(True, 100.0)
    stage.until(101.0)
    before = len(stage.sent)
    stage.out.perform(4000.0)
    assert len(stage.sent) - before < 30


def test_what_goes_out_is_heard_alike():
    stage, heard = Out(), MidiClockIn(90.0)
    stage.out.enable(True, 100.0)
    stage.until(108.0)
    for due, message in stage.sent:
        heard.receive(message, due)
    assert heard.playing
    assert heard.line.tempo == pytest.approx(120)
    assert heard.line.at(108.0) == pytest.approx(16, abs=1e-6)


@given(st.lists(st.binary(min_size=1, max_size=3), max_size=200), st.integers(0, 2**32))
@settings(max_examples=40, deadline=None)
def test_no_sequence_of_messages_breaks_it(messages, seed):
    rng, heard, time = random.Random(seed), MidiClockIn(120.0), 1.0
    for message in messages:
        time += rng.choice((0.0, 0.0001, 0.02, 3.0))
        heard.receive(message, time)
        heard.receive([rng.choice((TICK, TICK, TICK, START, STOP, CONTINUE))], time)
    if heard.line:
        assert heard.line.tempo > 0
        assert math.isfinite(heard.line.at(time))
