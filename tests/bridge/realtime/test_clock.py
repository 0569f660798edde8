import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.realtime.clock import Clock

times = st.floats(0, 1e6)
tempos = st.floats(20, 400)


def test_beats_follow_the_tempo():
    clock = Clock(time=10, tempo=120)
    assert clock.beat_at(10) == 0
    assert clock.beat_at(10.5) == 1
    assert clock.time_at(4) == 12


@given(start=times, later=times, first=tempos, second=tempos)
def test_a_tempo_change_goes_on_from_where_the_beat_is(start, later, first, second):
    clock = Clock(start, first)
    before = clock.beat_at(start + later)
    clock.set_tempo(second, start + later)
    assert clock.beat_at(start + later) == pytest.approx(before)
    assert clock.beat_at(start + later + 60 / second) == pytest.approx(before + 1)
    assert clock.time_at(clock.beat_at(start + later + 3)) == pytest.approx(start + later + 3)


def test_no_error_adds_up_in_a_day():
    clock = Clock(time=0.1, tempo=133.7)
    day = 24 * 3600
    assert clock.time_at(clock.beat_at(0.1 + day)) == pytest.approx(0.1 + day, abs=1e-6)
    for second in range(0, day, 60):  # a nervous performer
        clock.set_tempo(133.7, 0.1 + second)
    assert clock.beat_at(0.1 + day) == pytest.approx(day * 133.7 / 60, abs=1e-6)


def test_bars():
    clock = Clock(time=0, beats_per_bar=3)
    assert [clock.position(beat) for beat in range(5)] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
    assert clock.next_bar(0) == 0
    assert clock.next_bar(0.1) == 3
    assert clock.position(-1) == (-1, 2)


def test_a_meter_begins_at_the_next_bar_line():
    clock = Clock(time=0, tempo=60)
    clock.set_meter(3, time=5.5)  # in bar 1, whose line is at beat 8
    assert [clock.position(beat) for beat in (7, 8, 10, 11)] == [(1, 3), (2, 0), (2, 2), (3, 0)]
    assert clock.meter_at(7.9).beats_per_bar == 4
    clock.set_meter(5, time=6)  # another mind, before it began
    assert [clock.position(beat) for beat in (7, 8, 12, 13)] == [(1, 3), (2, 0), (2, 4), (3, 0)]
    clock.set_meter(2, time=9)
    assert clock.position(12) == (2, 4)
    assert clock.position(15) == (4, 0)


def test_a_meter_in_the_first_beat_holds_from_the_start():
    clock = Clock(time=0, tempo=60)
    clock.set_meter(3, time=0.4)
    assert clock.position(3) == (1, 0)


def test_the_same_meter_again_changes_nothing():
    clock = Clock(time=0, tempo=60)
    clock.set_meter(3, time=5)
    for second in range(6, 100):
        clock.set_meter(3, time=second)
    assert clock.position(8) == (2, 0)
    assert clock.position(98) == (32, 0)


@pytest.mark.parametrize(("time", "beat"), [(1.9, 0), (2.1, 4), (4.1, 4), (9.0, 8)])
def test_the_nearest_bar_line_moves_to_the_downbeat(time, beat):
    clock = Clock(time=0, tempo=60)
    clock.align(time)
    assert clock.beat_at(time) == beat


@given(time=times, tempo=tempos, meter=st.integers(1, 16))
def test_a_downbeat_jumps_by_half_a_bar_at_most(time, tempo, meter):
    clock = Clock(0, tempo, meter)
    before = clock.beat_at(time)
    clock.align(time)
    assert abs(clock.beat_at(time) - before) <= meter / 2 + 1e-6
    assert clock.position(round(clock.beat_at(time)))[1] == 0


@pytest.mark.parametrize("tempo", [0, -3, 1e300, 1e-300, math.nan, math.inf])
def test_a_tempo_must_be_one_that_the_clock_can_keep(tempo):
    clock = Clock(0)
    with pytest.raises(ValueError, match=rf"in range 1\.\.1000 beats per minute, got {re.escape(repr(tempo))}"):
        clock.set_tempo(tempo, 1)
    assert clock.tempo == 120
    with pytest.raises(ValueError, match="beats per minute"):
        Clock(0, tempo)


def test_other_errors_name_the_rule_and_the_value():
    clock = Clock(0)
    with pytest.raises(ValueError, match=r"beats per bar must be in range 1\.\.64, got 0"):
        clock.set_meter(0, 1)
    with pytest.raises(ValueError, match="time must be a finite number, got nan"):
        clock.align(math.nan)
