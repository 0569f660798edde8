"""Call and response with the beat, the time and every output in the test's hands."""

import pytest
from session_stage import Stage

from bridge.latency import UNKNOWN as LEAD
from models.contract import Note


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_call_begins_in_the_bar_of_its_first_note_and_is_cut_just_before_its_last_bar_line(stage: Stage) -> None:
    stage.play((9.0, 10.0, 60))
    assert stage.session.due() == pytest.approx(8 + 8 - LEAD * 2)
    stage.run_until(16)
    ((call_id, call, bars),) = stage.calls
    assert (call_id, bars, call.bars, call.beats_per_bar) == (1, 2, 2, 4)
    assert call.notes == (Note(60, 90, 1.0, 1.0),)
    assert call.next_bar == 4


def test_a_note_a_little_before_the_bar_line_belongs_to_the_bar_that_follows(stage: Stage) -> None:
    stage.play((7.9, 9.0, 60))
    stage.run_until(16)
    assert stage.calls[0][1].notes == (Note(60, 90, 0.0, 1.0),)


def test_a_held_note_ends_with_the_call_and_is_not_heard_again(stage: Stage) -> None:
    stage.at(15.0).hear(0, 60, 90)
    stage.run_until(20)
    assert stage.calls[0][1].notes == (Note(60, 90, 3.0, 5.0),)
    assert stage.session.due() is None


def test_the_answer_begins_on_the_call_s_last_bar_line(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    stage.session.note_ready(1, Note(74, 80, 1.5, 1.0))
    assert stage.played() == [(8.0, 72), (9.5, 74)]
    assert stage.states == ["listening", "thinking", "answering"]
    stage.run_until(16)
    assert stage.states[-1] == "waiting"


def test_a_late_answer_moves_by_whole_bars(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(8.3)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    stage.session.note_ready(1, Note(74, 80, 1.0, 1.0))
    assert stage.played() == [(12.0, 72), (13.0, 74)]


def test_the_answer_goes_out_on_the_channel_that_was_asked_for(stage: Stage) -> None:
    stage.values["/music/channel"] = 3
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    assert stage.commands[-1].notes[0].channel == 2


def test_playing_through_the_answer_makes_the_next_call_and_lets_the_answer_finish(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 8.0))
    stage.play((8.5, 9.0, 62))
    stage.run_until(15.9)
    assert [call[0] for call in stage.calls] == [1, 2]
    assert stage.ended() == []
    stage.session.note_ready(2, Note(76, 80, 0.0, 1.0))
    stage.run_until(16.0)
    assert stage.ended() == [1]
    assert stage.played()[-1] == (16.0, 76)


def test_a_longer_answer_ends_where_the_next_begins(stage: Stage) -> None:
    stage.values["/music/answer_bars"] = 8
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 8.0))
    stage.play((8.5, 9.0, 62))
    stage.run_until(15.99)
    assert stage.ended() == []
    stage.run_until(16.0)
    assert stage.ended() == [1]


def test_notes_of_an_answer_that_was_stopped_are_not_played(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    stage.session.forget()
    stage.session.note_ready(1, Note(74, 80, 1.0, 1.0))
    assert stage.ended() == [1]
    assert stage.played() == [(8.0, 72)]
    assert stage.states[-1] == "waiting"


def test_a_lost_model_ends_what_plays(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    stage.session.model_lost()
    assert stage.ended() == [1]
    assert stage.session.state == "waiting"


def test_answer_now_takes_what_was_heard_so_far_and_the_next_bar(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60), (1.0, 2.0, 62))
    stage.at(2.5).answer_now()
    ((_, call, _),) = stage.calls
    assert [note.pitch for note in call.notes] == [60, 62]
    assert call.bars == 1
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    assert stage.played() == [(4.0, 72)]


def test_answer_now_answers_the_same_bars_again(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(8.0)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    stage.at(6.5).answer_now()
    assert [call[1].notes[0].pitch for call in stage.calls] == [60, 60]


def test_answer_now_without_a_note_states_the_rule(stage: Stage) -> None:
    with pytest.raises(ValueError, match="nothing was heard yet"):
        stage.at(3.0).answer_now()


def test_nothing_is_answered_while_not_listening(stage: Stage) -> None:
    stage.values["/music/listen"] = False
    stage.play((0.0, 1.0, 60))
    stage.run_until(20)
    assert stage.calls == []
    assert stage.session.due() is None


def test_a_refusal_is_reported(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.run_until(7.9)
    stage.session.refused(1, "no melody in it")
    assert stage.errors == [("/music/answer", "no melody in it")]
    assert stage.states[-1] == "waiting"


def test_a_call_that_a_jump_of_the_beat_left_behind_is_dropped(stage: Stage) -> None:
    stage.play((0.0, 1.0, 60))
    stage.at(100.0).advance()
    assert stage.calls == []
    assert stage.states[-1] == "waiting"


def test_what_was_heard_long_ago_is_forgotten(stage: Stage) -> None:
    for bar in range(0, 400, 2):
        stage.play((4.0 * bar, 4.0 * bar + 1, 60))
        stage.run_until(4.0 * bar + 8)
    assert len(stage.session._hearing.notes) < 40


def test_bars_are_counted_from_where_the_metre_changed(stage: Stage) -> None:
    stage.clock = stage.clock._replace(bar_beat=8, beats_per_bar=3)
    stage.play((12.0, 13.0, 60))
    stage.run_until(17)
    ((_, call, _),) = stage.calls
    assert (call.bars, call.beats_per_bar) == (2, 3)
    assert call.notes == (Note(60, 90, 1.0, 1.0),)
    stage.session.note_ready(1, Note(72, 80, 0.0, 1.0))
    assert stage.played() == [(17.0, 72)]


def test_a_beat_that_goes_back_does_not_make_the_session_deaf(stage: Stage) -> None:
    stage.at(1000.0).hear(0, 60, 90)
    stage.play((4.0, 5.0, 62))
    stage.run_until(12)
    assert [note.pitch for note in stage.calls[0][1].notes] == [62]


def test_the_last_bars_in_which_something_was_played_are_remembered(stage: Stage) -> None:
    with pytest.raises(ValueError, match="nothing was heard"):
        stage.session.heard_last(2)
    stage.play((1.0, 2.0, 50), (7.9, 9.0, 60), (13.0, 14.0, 62))
    melody = stage.at(29.0).heard_last(2)
    assert melody.notes == (Note(60, 90, 0.0, 1.0), Note(62, 90, 5.0, 1.0)) and melody.bars == 2
