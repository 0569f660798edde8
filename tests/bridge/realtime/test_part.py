import random

import pytest

from bridge.realtime import messages as m
from bridge.realtime.clock import Clock
from bridge.realtime.mapping import Mapping
from bridge.realtime.now import NowPage
from bridge.realtime.outputs import RecordingOutput
from bridge.realtime.pedal import Pedals
from bridge.realtime.player import Player
from models.contract import Note


class Stage:
    """A player at 60 bpm with one listener and some MIDI outputs; a test moves its time."""

    def __init__(self, outputs=1, ahead=0.0):
        self.time = 100.0
        self.listener = RecordingOutput("listener")
        self.player = Player(Clock(self.time, tempo=60), NowPage.private(), lambda: self.time, [self.listener])
        self.midi = [RecordingOutput(f"port {number}", ahead) for number in range(1, outputs + 1)]
        for output in self.midi:
            self.player.add_part(output)

    def play(self, *notes, beat=0.0, phrase=1):
        self.player.play(m.Play(phrase, beat, notes))

    def map(self, number=1, **options):
        self.player.handle(m.SetMapping(number, Mapping(**options)))

    def until(self, beat):
        end = 100.0 + beat
        while self.player.next_due() <= end:
            self.time = max(self.time, self.player.next_due())
            self.player.perform()
        self.time = end

    def sent(self, number=1):
        return [(round(s.time - 100, 6), s.channel, s.pitch, s.velocity) for s in self.midi[number - 1].sent]


def test_every_output_plays_in_its_own_way_and_listeners_hear_what_is_written():
    stage = Stage(outputs=3)
    stage.map(1, offset=0.25, transpose=-12, velocity=0.5)
    stage.map(2, only=10, channel=1)
    stage.map(3, on=False)
    stage.map(4, transpose=1)  # there is none: nothing happens
    stage.play(Note(60, 100, 1, 1), Note(36, 80, 2, 1, channel=9))
    stage.until(5)
    assert stage.sent(1) == [(1.25, 0, 48, 50), (2.25, 0, 48, 0), (2.25, 9, 36, 40), (3.25, 9, 36, 0)]
    assert stage.sent(2) == [(2, 0, 36, 80), (3, 0, 36, 0)]
    assert stage.sent(3) == []
    assert [(sent.pitch, sent.velocity) for sent in stage.listener.sent] == [(60, 100), (60, 0), (36, 80), (36, 0)]


def test_an_output_can_be_early():
    stage = Stage()
    stage.map(offset=-0.25)
    stage.play(Note(60, 100, 1, 1))
    stage.until(5)
    assert stage.sent() == [(0.75, 0, 60, 100), (1.75, 0, 60, 0)]
    assert stage.listener.sent[0].time == 101


def test_a_new_mapping_ends_old_notes_as_they_began():
    stage = Stage()
    stage.play(Note(60, 100, 0.5, 2), Note(64, 100, 0.5, 9))
    stage.until(1)
    stage.map(transpose=7, channel=4)
    stage.until(3)
    stage.map(on=False)
    assert [(channel, pitch) for _, channel, pitch, velocity in stage.sent() if not velocity] == [(0, 60), (0, 64)]


def test_transposing_stays_in_range_and_leaves_drums_alone():
    chance = random.Random(1)
    assert Mapping(transpose=24).sound(0, 120, 90, chance) == (0, 120, 90)
    assert Mapping(transpose=-24).sound(0, 5, 90, chance) == (0, 5, 90)
    assert Mapping(transpose=5).sound(9, 36, 90, chance) == (9, 36, 90)
    assert Mapping(velocity=9.0).sound(0, 60, 90, chance) == (0, 60, 127)
    assert Mapping(velocity=0.0).sound(0, 60, 90, chance) == (0, 60, 1)


@pytest.mark.parametrize(("grid", "off"), [(2, 0.5), (4, 0.25)])
def test_swing_moves_the_second_of_two_and_nothing_else(grid, off):
    mapping = Mapping(swing=2 / 3, grid=grid)
    assert mapping.place(3.0) == 3.0
    assert mapping.place(3 + off) == pytest.approx(3 + off * 4 / 3)
    beats = [number / 24 for number in range(-48, 96)]
    placed = [mapping.place(beat) for beat in beats]
    assert placed == sorted(placed)
    assert Mapping().place(3.3) == 3.3


def test_swung_notes_stay_joined():
    stage = Stage()
    stage.map(swing=0.75)
    stage.play(Note(60, 100, 1, 0.5), Note(62, 100, 1.5, 0.5))
    stage.until(5)
    assert stage.sent() == [(1, 0, 60, 100), (1.75, 0, 60, 0), (1.75, 0, 62, 100), (2, 0, 62, 0)]


def test_humanised_notes_stray_a_little_and_all_end():
    stage = Stage()
    stage.map(humanise=0.02, humanise_velocity=10.0)
    stage.play(*(Note(60, 64, beat, 0.9) for beat in range(1, 40)))
    stage.until(45)
    begun = [sent for sent in stage.midi[0].sent if sent.velocity]
    strays = [sent.time - 101 - number for number, sent in enumerate(begun)]
    assert len(begun) == 39
    assert len(stage.midi[0].sent) == 78
    assert 0 < max(map(abs, strays)) <= 0.05
    assert len({sent.velocity for sent in begun}) > 5


def test_what_can_be_taken_ahead_is_handed_over_with_its_time():
    stage = Stage(ahead=0.25)
    stage.play(Note(60, 100, 1, 1))
    stage.until(0.8)
    assert stage.sent() == [(1, 0, 60, 100)]
    assert stage.listener.sent == []
    assert [(note.time, note.pitch, note.velocity) for note in stage.player.handed_over()] == [(101, 60, 100)]
    assert not stage.player.handed_over()
    stage.player.handle(m.SetTempo(30))  # the beginning is under way, the end is not
    stage.until(5)
    assert stage.sent()[1] == (3.2, 0, 60, 0)


def test_what_was_handed_over_ahead_ends_after_it_began():
    stage = Stage(ahead=0.25)
    stage.play(Note(60, 100, 1, 1))
    stage.until(0.8)
    stage.player.handle(m.Panic())
    assert stage.sent() == [(1, 0, 60, 100), (1, 0, 60, 0)]
    stage.play(Note(60, 100, 2, 3), Note(60, 90, 3, 1), beat=0)
    stage.until(9)
    assert stage.sent()[2:] == [(2, 0, 60, 100), (3, 0, 60, 0), (3, 0, 60, 90), (4, 0, 60, 0)]


def test_raw_messages_go_to_midi_outputs_on_their_beat_and_outlive_panic():
    stage = Stage(outputs=2)
    stage.map(2, offset=0.5)
    for tick in range(3):
        stage.player.raw(b"\xf8", 1 + tick / 4)
    stage.player.raw(b"\xfa")
    stage.player.handle(m.Panic())
    stage.until(1.3)
    stage.player.forget_raw()
    stage.until(5)
    assert stage.midi[0].raws == [(100, b"\xfa"), (101, b"\xf8"), (101.25, b"\xf8")]
    assert stage.midi[1].raws == [(100, b"\xfa")]


def test_a_hard_panic_asks_every_channel_for_silence_after_the_ends():
    stage = Stage()
    stage.play(Note(60, 100, 0, 9))
    stage.until(1)
    stage.player.handle(m.Panic(hard=True))
    assert stage.sent()[-1][2:] == (60, 0)
    data = [data for _, data in stage.midi[0].raws]
    assert data == [bytes((0xB0 | channel, cc, 0)) for channel in range(16) for cc in (123, 120)]
    assert [event.ended for event in stage.player.events if isinstance(event, m.Silenced)] == [1]


def test_no_error_adds_up_in_a_day_and_nothing_is_kept():
    stage = Stage()
    stage.player.handle(m.SetTempo(20.3))
    length = 60 / 20.3  # of a beat, in seconds
    output, listener = stage.midi[0], stage.listener
    latest = 0.0
    for minute in range(24 * 60):
        beat = minute * 20.3
        stage.play(Note(60, 100, 0.1, 1.0), beat=beat, phrase=minute + 1)
        while output.sent == [] or output.sent[-1].velocity:
            stage.time = max(stage.time, stage.player.next_due())
            stage.player.perform()
        for sent, written in zip(output.sent, (beat + 0.1, beat + 1.1), strict=True):
            latest = max(latest, abs(sent.time - (100 + written * length)))
        output.sent.clear()
        listener.sent.clear()
        stage.player.events.clear()
    assert stage.time > 100 + 86_000
    assert latest < 1e-6
    for part in stage.player._all():
        assert part._schedule == []
        assert len(part.ledger) == 0
    assert stage.player._sent == []


def test_the_pedal_holds_what_is_let_go():
    pedals = Pedals()
    assert pedals.note(0, 60, 90) == [(0, 60, 90)]
    assert pedals.control(0, 64, 127) == []
    assert pedals.note(0, 60, 0) == []
    assert pedals.note(0, 60, 80) == [(0, 60, 0), (0, 60, 80)]  # struck again while held
    assert pedals.note(1, 60, 0) == [(1, 60, 0)]  # another channel's pedal is up
    assert pedals.note(0, 60, 0) == []
    assert pedals.note(0, 62, 70) == [(0, 62, 70)]
    assert pedals.control(0, 64, 100) == []
    assert pedals.control(0, 7, 0) == []
    assert pedals.control(0, 64, 0) == [(0, 60, 0)]  # 62's key is still down
    assert pedals.note(0, 62, 0) == [(0, 62, 0)]
    assert pedals.control(0, 64, 0) == []
