import contextlib
import gc
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.osc.wire import encode
from bridge.realtime import messages as m
from bridge.realtime.clock import Clock
from bridge.realtime.now import NowPage
from bridge.realtime.outputs import RecordingOutput
from bridge.realtime.player import Player
from models.contract import Note


class Stage:
    """A player at 60 bpm (a beat is a second), whose time a test moves."""

    def __init__(self, page):
        self.time = 100.0
        self.page = page
        self.output = RecordingOutput()
        self.player = Player(Clock(self.time, tempo=60), page, lambda: self.time, [self.output])

    def play(self, *notes, beat=0.0, phrase=1):
        self.player.play(m.Play(phrase, beat, notes))

    def until(self, beat):
        """Let time pass as the process does: sleep until the next thing is due."""
        end = 100.0 + beat
        while self.player.next_due() <= end:
            self.time = max(self.time, self.player.next_due())
            self.player.perform()
        self.time = end

    @property
    def sent(self):
        """What the output got: beat (at 60 bpm), pitch, velocity."""
        return [(round(sent.time - 100, 6), sent.pitch, sent.velocity) for sent in self.output.sent]

    def events(self, kind):
        return [event for event in self.player.events if isinstance(event, kind)]


@pytest.fixture(scope="module")
def shared_page():
    page = NowPage.create()
    yield page
    page.unlink()


@pytest.fixture
def stage(shared_page):
    return Stage(shared_page)


def test_notes_sound_on_their_beat_and_end(stage):
    stage.play(Note(60, 100, 0.0, 1.0), Note(64, 90, 0.5, 0.25, channel=3), beat=2)
    stage.until(5)
    assert stage.sent == [(2, 60, 100), (2.5, 64, 90), (2.75, 64, 0), (3, 60, 0)]
    assert stage.output.sent[1].channel == 3
    assert stage.output.sent[1].beats == 0.25
    assert not any(sent.cut for sent in stage.output.sent)
    on = stage.events(m.NoteSent)[0]
    assert (on.time, on.beat, on.pitch, on.velocity, on.duration, on.phrase, on.late) == (102, 2, 60, 100, 1, 1, 0)


def test_the_page_shows_the_answer(stage):
    stage.play(Note(60, 100, 1, 2))
    stage.until(2)
    (note,) = stage.page.read(102.0).notes
    assert (note.pitch, note.voice, note.age, note.held) == (60, "answer", 1, True)
    stage.until(3.5)
    assert not stage.page.read(103.5).notes[0].held


def test_a_repeated_pitch_is_ended_before_it_sounds_anew(stage):
    stage.play(Note(60, 100, 1, 3), Note(60, 90, 2, 3))
    stage.until(10)
    assert stage.sent == [(1, 60, 100), (2, 60, 0), (2, 60, 90), (5, 60, 0)]
    assert [sent.cut for sent in stage.output.sent] == [False, True, False, False]


def test_a_repeated_pitch_without_overlap_needs_no_cut(stage):
    stage.play(Note(60, 100, 1, 1), Note(60, 90, 2, 1))
    stage.until(10)
    assert stage.sent == [(1, 60, 100), (2, 60, 0), (2, 60, 90), (3, 60, 0)]
    assert not any(sent.cut for sent in stage.output.sent)


def test_a_tempo_change_moves_notes_and_ends(stage):
    stage.play(Note(60, 100, 2, 2))
    stage.until(1)
    stage.player.handle(m.SetTempo(120))
    stage.until(10)
    assert stage.sent == [(1.5, 60, 100), (2.5, 60, 0)]


def test_a_late_note_plays_at_once_and_ends_in_time(stage):
    stage.until(3)
    stage.play(Note(60, 100, 2, 4))
    stage.until(10)
    assert stage.sent == [(3, 60, 100), (6, 60, 0)]
    assert stage.output.sent[0].beats == 3
    assert stage.events(m.NoteSent)[0].late == 1


def test_a_note_that_is_over_already_sounds_for_half_its_duration(stage):
    stage.until(8)
    stage.play(Note(60, 100, 2, 1))
    stage.until(10)
    assert stage.sent == [(8, 60, 100), (8.5, 60, 0)]


def test_a_phrase_ends_alone(stage):
    stage.play(Note(60, 100, 1, 5), Note(62, 100, 4, 1), phrase=1)
    stage.play(Note(67, 100, 1, 5), phrase=2)
    stage.until(2)
    stage.player.handle(m.EndPhrase(1))
    stage.until(10)
    assert stage.sent == [(1, 60, 100), (1, 67, 100), (2, 60, 0), (6, 67, 0)]


def test_panic_ends_everything_one_by_one(stage):
    stage.play(*(Note(pitch, 100, 1, 50) for pitch in (60, 64, 67)), Note(72, 100, 9, 1))
    stage.player.heard(0, 40, 100, 100.5)
    stage.until(2)
    stage.player.handle(m.Panic())
    assert [sent.pitch for sent in stage.output.sent if sent.velocity == 0] == [60, 64, 67]
    assert stage.events(m.Silenced) == [m.Silenced(3)]
    assert not any(note.held for note in stage.page.read(102.1).notes)
    stage.until(100)
    assert len(stage.output.sent) == 6
    stage.player.handle(m.Panic())
    assert stage.events(m.Silenced)[1].ended == 0


def test_beats_are_told_on_the_beat(stage):
    stage.player.handle(m.SetMeter(3))
    stage.until(4)
    assert stage.events(m.BeatPassed) == [
        m.BeatPassed(0, 0, 0, 100),
        m.BeatPassed(1, 0, 1, 101),
        m.BeatPassed(2, 0, 2, 102),
        m.BeatPassed(3, 1, 0, 103),
        m.BeatPassed(4, 1, 1, 104),
    ]
    assert stage.page.beat().beats_per_bar == 3


def test_the_page_gets_a_new_meter_at_its_bar_line(stage):
    stage.until(2)
    stage.player.handle(m.SetMeter(7))
    stage.until(3.5)
    assert stage.page.beat().beats_per_bar == 4
    stage.until(4)
    assert (stage.page.beat().beats_per_bar, stage.page.beat().bar_beat, stage.page.beat().bar) == (7, 4, 1)


def test_a_downbeat_is_told_though_it_is_a_moment_ago(stage):
    stage.until(5)
    stage.time = 105.51
    stage.player.events.clear()
    stage.player.handle(m.Downbeat(105.5))  # nearest bar line: beat 4
    stage.player.perform()
    assert stage.events(m.BeatPassed) == [m.BeatPassed(4, 1, 0, 105.5)]
    assert stage.player.next_due() == 106.5
    assert stage.page.beat().beat == 4


def test_notes_that_a_downbeat_overtakes_are_not_lost(stage):
    stage.play(Note(60, 100, 7, 0.5), Note(62, 100, 8, 1))
    stage.until(6.5)
    stage.player.handle(m.Downbeat(106.5))  # beat 8
    stage.until(10)
    assert stage.sent == [(6.5, 60, 100), (6.5, 62, 100), (6.75, 60, 0), (7.5, 62, 0)]
    assert max(event.late for event in stage.events(m.NoteSent)) == 0


def test_after_a_long_stop_the_beats_are_not_all_told(stage):
    stage.time += 5000
    stage.player.perform()
    assert [event.beat for event in stage.events(m.BeatPassed)] == [5000]


def test_a_broken_output_is_dropped_and_the_others_play_on(stage):
    broken = RecordingOutput("broken")
    stage.player.outputs.insert(0, broken)
    stage.play(Note(60, 100, 1, 1))
    stage.until(1.5)
    broken.broken = True
    stage.until(3)
    assert stage.sent == [(1, 60, 100), (2, 60, 0)]
    assert stage.player.outputs == [stage.output]
    assert broken.closed
    assert [event.text for event in stage.events(m.Problem)] == ["broken is broken: mend it"]


def test_a_removed_output_is_silenced_first(stage):
    stage.play(Note(60, 100, 1, 5))
    stage.until(2)
    stage.player.remove(stage.output)
    assert stage.sent == [(1, 60, 100), (2, 60, 0)]
    assert stage.output.sent[1].cut
    stage.until(10)
    assert len(stage.output.sent) == 2


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        (Note(128, 100, 0, 1), r"pitch must be in range 0\.\.127, got 128"),
        (Note(-1, 100, 0, 1), r"pitch must be in range 0\.\.127, got -1"),
        (Note(60, 0, 0, 1), r"velocity must be in range 1\.\.127, got 0"),
        (Note(60, 200, 0, 1), r"velocity must be in range 0\.\.127, got 200"),
        (Note(60, 100, 0, 1, channel=16), r"channel must be in range 0\.\.15, got 16"),
        (Note(60, 100, 0, 0), "duration must be more than 0 and at most 1e.07 beats, got 0"),
        (Note(60, 100, 0, math.nan), "duration must be more than 0 and at most 1e.07 beats, got nan"),
        (Note(60, 100, math.inf, 1), "a note's beat must be in range -1e.07..1e.07, got inf"),
    ],
)
def test_a_wrong_note_is_refused_and_the_others_play(stage, note, reason):
    with pytest.raises(ValueError, match=reason):
        stage.play(note, Note(62, 100, 1, 1))
    stage.until(5)
    assert stage.sent == [(1, 62, 100), (2, 62, 0)]


def test_a_heard_note_is_shown_and_a_wrong_one_refused(stage):
    stage.player.handle(m.HeardNote(0, 60, 100))
    assert [note.voice for note in stage.page.read(100).notes] == ["call"]
    with pytest.raises(ValueError, match=r"pitch must be in range 0\.\.127, got 300"):
        stage.player.handle(m.HeardNote(0, 300, 100))


notes = st.builds(
    Note,
    pitch=st.integers(60, 63),
    velocity=st.integers(1, 127),
    start=st.floats(0, 8),
    duration=st.floats(0.01, 4),
    channel=st.integers(0, 1),
)
commands = st.one_of(
    st.builds(m.Play, phrase=st.integers(1, 3), beat=st.floats(0, 16), notes=st.tuples(notes, notes)),
    st.builds(m.EndPhrase, phrase=st.integers(1, 3)),
    st.builds(m.SetTempo, bpm=st.floats(20, 400)),
    st.builds(m.SetMeter, beats_per_bar=st.integers(1, 7)),
    st.builds(m.Downbeat, time=st.floats(90, 130)),
    st.builds(m.Panic),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 3), commands), max_size=15))
def test_whatever_happens_begins_and_ends_alternate_and_nothing_stays(shared_page, steps):
    stage = Stage(shared_page)
    played = 0
    for wait, command in steps:
        stage.until(stage.time - 100 + wait)
        stage.player.handle(command)
        if isinstance(command, m.Play):
            played += len(command.notes)
    stage.until(stage.time - 100 + 200)
    stage.player.end_all()
    sounding = set()
    for sent in stage.output.sent:
        key = sent.channel, sent.pitch
        assert (key in sounding) == (sent.velocity == 0)
        sounding ^= {key}
    assert not sounding
    begun = sum(1 for sent in stage.output.sent if sent.velocity)
    if not any(isinstance(command, m.Panic | m.EndPhrase) for _, command in steps):
        assert begun == played


anything = st.one_of(st.floats(), st.floats(-200, 200))
whole = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-1, 16))
fuzz = st.one_of(
    st.builds(
        m.Play,
        phrase=whole,
        beat=anything,
        notes=st.tuples(
            st.builds(Note, pitch=whole, velocity=whole, start=anything, duration=anything, channel=whole),
            st.builds(Note, pitch=st.just(60), velocity=st.just(1), start=anything, duration=anything),
        ),
    ),
    st.builds(m.EndPhrase, phrase=whole),
    st.builds(m.SetTempo, bpm=anything),
    st.builds(m.SetMeter, beats_per_bar=whole),
    st.builds(m.Downbeat, time=anything),
    st.builds(m.HeardNote, channel=whole, pitch=whole, velocity=whole),
    st.builds(m.Panic),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(fuzz, max_size=8))
def test_no_command_is_fatal(shared_page, steps):
    stage = Stage(shared_page)
    stage.time = 100.25
    for command in steps:
        with contextlib.suppress(ValueError):
            stage.player.handle(command)
        stage.time += 0.25
        stage.player.perform()
        assert stage.player.next_due() > stage.time
        assert stage.player.next_due() < stage.time + 61  # a beat at the slowest tempo
    for sent in stage.output.sent:
        encode("/music/note/length", (sent.channel, sent.pitch, sent.velocity, sent.beats))
    for event in stage.player.events:
        msgspec.msgpack.encode(event)
    stage.player.end_all()
    assert len(stage.output.sent) % 2 == 0


def test_playing_leaves_no_garbage_for_a_collector_that_is_off(stage):
    def play():
        for number in range(200):
            stage.play(Note(60, 100, 0.0, 1.5), Note(64, 100, 0.5, 0.1), beat=stage.player.clock.beat_at(stage.time))
            stage.player.handle(m.HeardNote(0, 60, number % 2))
            with contextlib.suppress(ValueError):
                stage.player.handle(m.SetTempo(-1))
            stage.until(stage.time - 100 + 1)
            stage.player.events.clear()

    play()
    gc.collect()
    gc.disable()
    try:
        play()
        assert gc.collect() == 0
    finally:
        gc.enable()
