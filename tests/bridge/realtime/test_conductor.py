"""Who leads the clock, with time in the test's hands: jitter, drift, loss, and going from one source to another."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.realtime import messages as m
from bridge.realtime.clock import Clock
from bridge.realtime.conductor import Conductor
from bridge.realtime.now import NowPage
from bridge.realtime.outputs import RecordingOutput
from bridge.realtime.player import Player
from models.contract import Note


class Stage:
    """A conductor at 120 bpm since time 100."""

    def __init__(self, tempo=120.0, start=100.0):
        self.time = start
        self.clock = Clock(start, tempo)
        self.player = Player(self.clock, NowPage.private(), lambda: self.time)
        self.output = RecordingOutput()
        self.player.add_part(self.output)
        self.conductor = Conductor(self.player, lambda: self.time)

    def until(self, time):
        """Let time pass as the process does."""
        while (due := min(self.conductor.next_due(), self.player.next_due())) <= time:
            self.time = max(self.time, due)
            self.player.perform()
            self.conductor.perform()
        self.time = max(self.time, time)

    def do(self, *commands):
        for command in commands:
            assert self.conductor.handle(command)

    def midi(self, *messages):
        for message in messages:
            self.conductor.midi(message if isinstance(message, list) else [message], self.time)

    def ticks(self, count, tempo, first, jitter=0.0, rng=None, number=0):
        """Hear ticks of a MIDI clock, the first (of that number) at ``first``; return when the next would be."""
        period = 60 / tempo / 24
        for tick in range(number, number + count):
            exact = first + (tick - number) * period
            self.until(exact + (rng.uniform(-jitter, jitter) if rng else 0.0))
            self.midi(0xF8)
        return first + count * period

    def beat(self):
        return self.clock.beat_at(self.time)

    def events(self, kind):
        return [event for event in self.player.events if isinstance(event, kind)]

    def beats(self):
        return [event.beat for event in self.events(m.BeatPassed)]


def phase_error(stage, first):
    """Seconds by which our bar's first beat is beside the source's, whose beat 0 is at ``first``."""
    tempo = stage.conductor.tempo
    into = stage.clock.song_position(stage.beat()) * 60 / tempo
    return into - (stage.time - first)


@settings(max_examples=12, deadline=None)
@given(tempo=st.floats(40, 240), start=st.floats(0, 1e6), seed=st.integers(0, 2**32), guess=st.floats(40, 240))
def test_a_jittering_midi_clock_is_followed_within_two_bars(tempo, start, seed, guess):
    stage, rng = Stage(guess, start), random.Random(seed)
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    first = start + 0.3
    stage.ticks(8 * 24, tempo, first, 0.0015, rng)
    assert abs(stage.conductor.tempo - tempo) < 0.1
    exact = (stage.time - first) * tempo / 60
    assert abs(stage.clock.song_position(stage.beat()) - exact) * 60 / tempo < 0.001
    assert stage.conductor._state() == "following"
    assert stage.beats() == sorted(stage.beats())


def test_a_slowly_drifting_clock_is_followed():
    stage, rng = Stage(), random.Random(3)
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    first, tempo, tick = 101.0, 100.0, 0
    time = first
    while tick < 24 * 4 * 40:
        stage.until(time + rng.uniform(-0.0015, 0.0015))
        stage.midi(0xF8)
        tempo *= 1.00005  # 12 % a minute
        time += 60 / tempo / 24
        tick += 1
    assert abs(stage.clock.song_position(stage.clock.beat_at(time)) - tick / 24) * 60 / tempo < 0.005


def test_a_new_tempo_is_found_within_a_beat():
    stage, rng = Stage(), random.Random(1)
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    next_tick = stage.ticks(24 * 8, 120, 101, 0.0015, rng)
    next_tick = stage.ticks(24 * 2, 90, next_tick, 0.0015, rng)
    assert stage.conductor.tempo == pytest.approx(90, abs=1)
    stage.ticks(24 * 8, 90, next_tick, 0.0015, rng)
    assert stage.conductor.tempo == pytest.approx(90, abs=0.1)
    assert stage.clock.song_position(stage.beat()) == pytest.approx(18 - 1 / 24, abs=0.003)


@pytest.mark.parametrize("late", [0.03, 0.12])
def test_ticks_that_a_busy_machine_delivered_late_change_nothing(late):
    stage = Stage()
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    next_tick = stage.ticks(24 * 8, 120, 101)
    held = math.ceil(late / (0.5 / 24))
    stage.until(next_tick + late)
    for _ in range(held):
        stage.midi(0xF8)
    stage.ticks(24 * 2, 120, next_tick + held * 0.5 / 24)
    assert stage.conductor.tempo == pytest.approx(120, abs=0.05)
    assert stage.clock.song_position(stage.beat()) == pytest.approx((24 * 10 + held - 1) / 24, abs=0.002)


def test_a_tick_that_was_lost_is_counted_all_the_same():
    stage, rng = Stage(), random.Random(2)
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    next_tick = stage.ticks(24 * 4, 120, 101, 0.001, rng)
    stage.ticks(24 * 4, 120, next_tick + 0.5 / 24, 0.001, rng)
    assert stage.clock.song_position(stage.beat()) == pytest.approx(8, abs=0.003)


def test_start_is_the_first_beat_and_jumps_by_half_a_beat_at_most():
    stage = Stage()
    stage.do(m.SetSource("midi"))
    stage.until(101.23)
    before = stage.beat()
    stage.midi(0xFA, 0xF8)
    assert abs(stage.beat() - before) <= 0.5
    assert stage.beat() == round(stage.beat())
    stage.until(101.25)
    passed = stage.events(m.BeatPassed)[-1]
    assert (passed.bar, passed.beat_in_bar) == (0, 0)


def test_stop_ends_what_sounds_and_continue_goes_on_from_there():
    stage = Stage()
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    next_tick = stage.ticks(24 * 3 + 12, 120, 101)
    beat = math.ceil(stage.beat())
    stage.player.play(m.Play(1, beat, (Note(60, 100, -1.0, 8.0), Note(62, 100, 0.0, 1.0))))
    stage.until(next_tick)
    stage.midi(0xFC)
    stood = stage.beat()
    assert [(sent.pitch, bool(sent.velocity)) for sent in stage.output.sent] == [(60, True), (60, False)]
    stage.until(next_tick + 5)
    assert stage.beat() == stood
    assert not stage.clock.playing
    assert stage.events(m.Alive)
    stage.midi(0xFB)
    stage.ticks(24, 120, next_tick + 5)
    assert stage.clock.song_position(stage.beat()) == pytest.approx(4.5 - 1 / 24, abs=0.01)
    assert [sent.pitch for sent in stage.output.sent if sent.velocity] == [60, 62]


def test_a_song_position_is_where_it_goes_on():
    stage = Stage()
    stage.do(m.SetSource("midi"))
    stage.midi(0xFC, [0xF2, 22, 1], 0xFB)  # sixteenth 150, in bar 9
    stage.ticks(24, 120, 103)
    assert stage.clock.song_position(stage.beat()) == pytest.approx(37.5 + 23 / 24, abs=0.01)
    assert stage.clock.position(int(stage.beat()))[0] == 9


def test_a_lost_clock_coasts_then_stops_and_comes_back():
    stage = Stage()
    stage.do(m.SetSource("midi"), m.SetClock(coast=4.0, offset=0.0, outputs=""))
    stage.midi(0xFA)
    next_tick = stage.ticks(24 * 4, 120, 101)
    stage.until(next_tick + 1.5)
    assert stage.clock.song_position(stage.beat()) == pytest.approx(7, abs=0.01)
    assert stage.conductor._state() == "coasting"
    stage.until(next_tick + 3)
    assert not stage.clock.playing
    assert stage.conductor._state() == "lost"
    assert "no MIDI clock was heard for 4 beats" in stage.events(m.Problem)[0].text
    stood = stage.beat()
    stage.ticks(48, 120, next_tick + 10)
    assert stage.clock.playing
    assert stage.beat() == pytest.approx(stood + 47 / 24, abs=0.05)
    assert stage.events(m.ClockIs)[-1].state == "following"


def test_a_clock_joined_in_its_midst_moves_the_beat_by_less_than_a_tick_and_the_downbeat_can_be_told():
    stage = Stage()
    stage.do(m.SetSource("midi"))
    next_tick = stage.ticks(24 * 4, 120, 100.1)
    assert stage.beat() == pytest.approx(2 * (stage.time - 100), abs=1 / 40)
    stage.until(next_tick)
    stage.do(m.Downbeat(next_tick))
    stage.ticks(24 * 4, 120, next_tick)
    assert stage.clock.song_position(stage.beat()) % 4 == pytest.approx(4 - 1 / 24, abs=1 / 40)


def test_a_downbeat_names_a_beat_of_the_source_and_moves_none():
    stage = Stage()
    stage.do(m.SetSource("midi"))
    stage.midi(0xFA)
    stage.ticks(24 * 6 + 3, 120, 101)  # to a little after beat 6, the third of bar 1
    before = stage.beat()
    stage.do(m.Downbeat(stage.time))
    assert stage.beat() == before
    assert stage.clock.position(round(before)) == (1, 0)
    stage.do(m.Downbeat(stage.time))
    assert stage.clock.position(round(before) + 4) == (2, 0)


SOURCES = st.sampled_from(["internal", "midi", "host", "link"])


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(SOURCES, st.floats(0.05, 3.0)), min_size=1, max_size=8), st.integers(0, 2**32))
def test_sources_are_switched_without_a_jump(switches, seed):
    stage, rng = Stage(), random.Random(seed)
    tempos = {"midi": 97.0, "host": 140.0, "link": 120.0}
    period = 60 / tempos["midi"] / 24
    tick = 100.013
    stage.midi(0xFA)
    stage.do(m.SourceSays("host", stage.time, tempo=140.0, playing=True), m.SourceSays("link", stage.time, 120.0))
    last_time, last_beat = stage.time, stage.beat()
    switches = [
        (stage.time + sum(wait for _, wait in switches[: number + 1]), s) for number, (s, _) in enumerate(switches)
    ]
    while switches:
        moment, source = switches[0]
        if tick < moment:
            stage.until(tick)
            stage.midi(0xF8)
            tick += period
            for name in ("host", "link"):
                if rng.random() < 0.3:
                    beat = 7.3 + (stage.time - 100) * tempos[name] / 60
                    stage.do(m.SourceSays(name, stage.time, beat=beat))
        else:
            stage.until(moment)
            stage.do(m.SetSource(source))
            switches.pop(0)
        time, beat = stage.time, stage.beat()
        if time > last_time:
            went = (beat - last_beat) / (time - last_time) * 60
            assert 97 * 0.7 < went < 140 * 1.3, went
        assert beat >= last_beat - 1e-9
        last_time, last_beat = time, beat
    beats = stage.beats()
    assert beats == list(range(beats[0], beats[0] + len(beats))) if beats else True


def test_a_host_is_followed_through_jumps_of_its_song():
    stage, rng = Stage(), random.Random(5)
    stage.do(m.SetSource("host"), m.SourceSays("host", stage.time, tempo=100.0, playing=True))

    def song(begin, position, seconds):
        time = begin
        while time < begin + seconds:
            stage.until(time + rng.uniform(0, 0.004))
            stage.do(m.SourceSays("host", stage.time, beat=position + (time - begin) * 100 / 60))
            time += 0.05
        return time

    end = song(101, 16.0, 6)
    assert stage.clock.song_position(stage.clock.beat_at(end)) == pytest.approx(16 + (end - 101) / 0.6, abs=0.02)
    before = stage.beat()
    end = song(end, 3.0, 6)  # it loops
    assert stage.beat() > before
    assert stage.clock.song_position(stage.clock.beat_at(end)) == pytest.approx(3 + 6 / 0.6, abs=0.1)
    stage.do(m.SourceSays("host", stage.time, playing=False))
    assert not stage.clock.playing
    stage.do(m.SourceSays("host", stage.time, playing=True))
    stage.do(m.SourceSays("host", stage.time, beat=8.0))
    assert stage.clock.song_position(stage.beat()) == pytest.approx(8.0)


@settings(max_examples=12, deadline=None)
@given(tempo=st.floats(40, 220), seed=st.integers(0, 2**32))
def test_taps_set_the_tempo_and_the_beat(tempo, seed):
    stage, rng = Stage(), random.Random(seed)
    for tap in range(8):
        stage.until(101 + tap * 60 / tempo + rng.uniform(-0.005, 0.005))
        stage.do(m.Tap(stage.time))
    last = stage.time
    stage.until(last + 16 * 60 / tempo)
    assert stage.conductor.tempo == pytest.approx(tempo, rel=0.02)
    assert stage.clock.tempo == pytest.approx(stage.conductor.tempo)
    assert abs(stage.clock.beat_at(last) - round(stage.clock.beat_at(last))) < 0.5
    off = stage.beat() - round(stage.beat())
    assert abs(off) * 60 / tempo < 0.012 + 16 * 0.01 * 60 / tempo
    beats = stage.beats()
    assert beats == list(range(len(beats)))


def test_a_tap_after_a_pause_begins_anew():
    stage = Stage()
    for time in (101, 101.6, 102.2, 104.4, 104.8, 105.2):
        stage.until(time)
        stage.do(m.Tap(time))
    assert stage.conductor.tempo == pytest.approx(150)


def test_a_downbeat_counts_more_than_taps():
    stage = Stage()
    for time in (101, 101.4, 101.8, 102.2):
        stage.until(time)
        stage.do(m.Tap(time))
    stage.until(102.7)
    stage.do(m.Downbeat(102.7))
    stage.until(102.7 + 8 * 0.4)
    assert stage.conductor.tempo == pytest.approx(150)
    assert stage.beat() == pytest.approx(round(stage.beat()), abs=1e-6)


@given(before=st.floats(40, 240), after=st.floats(40, 240), beats=st.floats(0, 64))
@settings(max_examples=40, deadline=None)
def test_a_ramp_takes_the_time_of_its_mean_tempo(before, after, beats):
    stage = Stage(before)
    stage.do(m.Ramp(after, beats))
    if abs(after - before) > 1e-6:
        seconds = 60 * beats * math.log(after / before) / (after - before)
    else:
        seconds = 60 * beats / before
    stage.until(100 + seconds + 60 / after)
    assert stage.beat() == pytest.approx(beats + 1, abs=0.02)
    assert stage.clock.tempo == after


def test_the_first_note_after_a_rest_is_a_downbeat():
    stage = Stage()
    stage.until(101.2)
    stage.do(m.ArmDownbeat(True))
    stage.conductor.note_heard(101.2)
    assert stage.beat() in (0.0, 4.0)
    stage.until(101.9)
    beat = stage.beat()
    stage.conductor.note_heard(101.9)
    assert stage.beat() == beat
    stage.do(m.Transport("stop"))
    stage.until(105)
    stage.do(m.ArmDownbeat(True))
    stage.conductor.note_heard(105)
    assert stage.clock.playing
    assert stage.clock.song_position(stage.beat()) == 0


def test_a_day_of_a_jittering_source_adds_up_no_error():
    stage, rng, day = Stage(31.7), random.Random(9), 24 * 3600
    stage.do(m.SetSource("host"), m.SourceSays("host", stage.time, tempo=31.7, playing=True))
    for time in range(0, day, 5):
        stage.until(100 + time + rng.uniform(0, 0.004))
        stage.do(m.SourceSays("host", stage.time, beat=time * 31.7 / 60))
    exact = (stage.time - 100) * 31.7 / 60
    assert stage.clock.song_position(stage.beat()) == pytest.approx(exact, abs=0.003)
    beats = stage.beats()
    assert beats[1:] == list(range(beats[1], beats[1] + len(beats) - 1))
    assert len(stage.conductor._heard["host"].follower._points) < 20


def test_wrong_commands_state_the_rule():
    stage = Stage()
    with pytest.raises(ValueError, match=r"tempo must be in range 1\.\.1000"):
        stage.do(m.SourceSays("host", stage.time, tempo=0.0))
    with pytest.raises(ValueError, match="beats must be in range"):
        stage.do(m.Ramp(120, -1))
    with pytest.raises(ValueError, match="tempo must be in range"):
        stage.do(m.Ramp(math.nan, 1))
    stage.do(m.SourceSays("host", stage.time, beat=math.nan))
    for message in ([0xF2], [0xF2, 1], [0xFE], [0xF8], [0xFF]):
        stage.conductor.midi(message, stage.time)


COMMANDS = st.one_of(
    st.builds(m.SetSource, SOURCES),
    st.builds(m.SetTempo, st.floats(20, 400)),
    st.builds(m.Ramp, st.floats(20, 400), st.floats(0, 8)),
    st.builds(m.Transport, st.sampled_from(["start", "stop", "continue"])),
    st.just("tap"),
    st.just("downbeat"),
    st.just("note"),
    st.sampled_from([[0xF8], [0xF8], [0xF8], [0xFA], [0xFB], [0xFC], [0xF2, 3, 0]]),
    st.builds(m.ArmDownbeat, st.booleans()),
    st.builds(m.SetClock, st.floats(0, 8), st.floats(-0.5, 0.5), st.just("")),
    st.tuples(
        st.sampled_from(["host", "link"]),
        st.none() | st.floats(20, 400),
        st.none() | st.booleans(),
        st.none() | st.floats(-100, 100),
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.0, 0.001, 0.02, 0.021, 0.4, 5.0]), COMMANDS), max_size=60))
def test_whatever_is_said_the_beat_goes_forward_and_time_is_never_stuck(script):
    stage = Stage()
    for wait, what in script:
        for _ in range(20_000):  # as until(), but it must come to an end
            due = min(stage.conductor.next_due(), stage.player.next_due())
            if due > stage.time + wait:
                break
            wait -= max(0.0, due - stage.time)
            stage.time = max(stage.time, due)
            stage.player.perform()
            stage.conductor.perform()
        else:
            raise AssertionError(f"it never gets further than {stage.time}")
        stage.time += wait
        before, standing = stage.beat(), not stage.clock.playing
        match what:
            case "tap":
                stage.do(m.Tap(stage.time))
            case "downbeat":
                stage.do(m.Downbeat(stage.time))
            case "note":
                stage.conductor.note_heard(stage.time)
            case list():
                stage.midi(what)
            case tuple():
                source, tempo, playing, beat = what
                stage.do(m.SourceSays(source, stage.time, tempo, playing, beat))
            case _:
                stage.do(what)
        after = stage.beat()
        assert math.isfinite(after)
        half_a_bar = 2.0 if what in ("downbeat", "note") else 0.5
        assert abs(after - before) <= half_a_bar + 1e-6, (what, before, after)
        assert 1 <= stage.clock.tempo <= 1000
        if standing and not stage.clock.playing and what != "downbeat":
            assert after == before
    beats = stage.beats()
    assert beats == sorted(beats) or "downbeat" in [what for _, what in script] or "note" in [w for _, w in script]
