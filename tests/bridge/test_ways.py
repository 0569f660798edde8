"""Ways of playing, each with a model that answers at once with one note a bar, in the test's hands."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session_stage import Stage

from bridge.realtime import messages as realtime
from models.contract import Note, Phrase


class Band(Stage):
    """A session whose model answers so many seconds after it was asked (at 120 bpm), with one note a bar."""

    def __init__(self, **settings) -> None:
        super().__init__()
        self.seconds = 0.02
        self.asked: list[tuple[float, int, Phrase, dict]] = []
        self.answers: list[tuple[float, int, int]] = []
        self.pitch = 60
        self.session._to_model = self._answer
        for path, value in settings.items():
            self.set(f"/music/{path}", value)

    def set(self, path, value):
        self.values[path] = value
        self.session.settings_changed(path)

    def _answer(self, call_id, call, bars, **params):
        self.asked.append((self.beat, call_id, call, params))
        self.answers.append((self.beat + 2 * self.seconds, call_id, bars))

    def run_until(self, beat, most=100_000):
        """Let deadlines and the model's answers come, in order; at most so many."""
        for _ in range(most):
            due = self.session.due()
            ready = self.answers[0][0] if self.answers else float("inf")
            if min(ready, due if due is not None else float("inf")) > beat:
                break
            if ready <= (due if due is not None else float("inf")):
                at, call_id, bars = self.answers.pop(0)
                self.at(max(at, self.beat))
                self.pitch += 1
                for bar in range(bars):
                    self.session.note_ready(call_id, Note(self.pitch, 80, 4.0 * bar, 1.0))
                self.session.answered(call_id)
            else:
                self.at(max(due, self.beat)).advance()
        else:
            raise AssertionError(f"it never gets further than beat {self.beat}")
        self.beat = beat

    def sounding(self):
        """Beat and pitch of every note that was sent and not taken back before it sounded."""
        found = []
        for at, command in enumerate(self.commands):
            if isinstance(command, realtime.Play):
                later = self.commands[at:]
                ended = any(isinstance(c, realtime.EndPhrase) and c.phrase == command.phrase for c in later)
                notes = [(command.beat + note.start, note.pitch) for note in command.notes]
                found += [note for note in notes if not ended or note[0] < self.end_of(command.phrase)]
        return found

    def end_of(self, phrase):
        return self.ends[phrase]

    @property
    def ends(self):
        return {c.phrase: beat for beat, c in self.when if isinstance(c, realtime.EndPhrase)}


@pytest.fixture
def make():
    def make(**settings):
        band = Band(**settings)
        band.when = []

        def keep(command):
            band.when.append((band.beat, command))
            band.commands.append(command)

        band.session._to_realtime = keep
        return band

    return make


def bars(band):
    """The pitches that sound, by bar."""
    return {int(beat // 4): pitch for beat, pitch in band.sounding()}


def test_a_duet_plays_on_without_a_gap_and_listens(make):
    band = make(mode="duet")
    band.play((0.0, 1.0, 50))
    band.run_until(60)
    assert list(bars(band)) == list(range(2, 18))  # what comes after is ready already
    asked = len(band.asked)
    assert {note.pitch for note in band.asked[-1][2].notes} <= {61, 62, 63, 64, 65, 66, 67, 68}  # its own last phrase
    band.play((60.5, 61.5, 40))
    band.run_until(64.5)
    assert any(note.pitch == 40 for *_, call, _ in band.asked[asked:] for note in call.notes)
    assert band.session.state == "answering"


def test_a_duet_is_continued_and_an_accompaniment_stays_with_the_player(make):
    for mode, wanted in (("duet", {"answer_with": "continuation"}), ("accompany", {})):
        band = make(mode=mode)
        band.play((0.0, 1.0, 50))
        band.run_until(8.5)
        band.play((8.6, 9.0, 45), (12.0, 15.0, 47))
        band.run_until(20)
        bars = [call.next_bar for _, _, call, _ in band.asked]
        assert bars[1] == bars[2] == bars[0] + 2  # asked for ahead, and again in the same place
        first, *rest = [params for *_, params in band.asked]
        assert first == {}
        assert rest and all(params == wanted for params in rest)


def test_the_next_phrase_of_a_duet_is_ready_a_phrase_ahead_and_takes_in_what_was_played_since(make):
    band = make(mode="duet")
    band.play((0.0, 1.0, 50))
    band.run_until(8.5)
    assert [(beat, pitch) for beat, pitch in band.sounding()] == [(8, 61), (12, 61), (16, 62), (20, 62)]
    band.play((9.0, 10.0, 45))
    band.run_until(16)
    assert (16, 63) in band.sounding()  # asked for a moment before, with the 45 in it
    assert (16, 62) not in band.sounding()
    assert [note.pitch for note in band.asked[2][2].notes] == [45]


def test_a_model_that_is_too_slow_to_take_it_in_still_leaves_no_gap(make):
    band = make(mode="duet")
    band.play((0.0, 1.0, 50))
    band.run_until(8.5)
    band.seconds = 0.5
    band.play((9.0, 10.0, 45))
    band.run_until(40)
    assert list(bars(band)) == list(range(2, 12))
    assert bars(band)[4] == 62


def test_a_loop_repeats_and_varies_slowly(make):
    band = make(mode="loop", loop_passes=3, answer_bars=1)
    band.play((0.0, 1.0, 50))
    band.run_until(8 + 4 * 9 - 0.5)
    assert list(bars(band).values())[:9] == [61, 61, 61, 62, 62, 62, 63, 63, 63]
    assert [params for *_, params in band.asked[1:3]] == [{"variation": 0.15}] * 2
    assert [note.pitch for note in band.asked[1][2].notes] == [61]
    band.session.cancel()
    band.run_until(100)
    assert band.session.state == "waiting"
    assert max(bars(band)) == 10


def test_what_is_held_is_repeated_until_it_is_let_go(make):
    band = make()
    band.play((0.0, 1.0, 50))
    band.run_until(9)
    band.set("/music/hold", True)
    band.run_until(35)
    assert bars(band) == dict.fromkeys(range(2, 10), 61)
    band.set("/music/hold", False)
    band.run_until(80)
    assert max(bars(band)) == 9
    assert band.session.state == "waiting"


def test_holding_in_a_duet_holds_what_sounds(make):
    band = make(mode="duet")
    band.play((0.0, 1.0, 50))
    band.run_until(17)
    sounds = bars(band)[4]
    band.set("/music/hold", True)
    band.run_until(40)
    assert [bars(band)[bar] for bar in range(4, 10)] == [sounds] * 6
    band.set("/music/hold", False)
    band.run_until(60)
    assert bars(band)[14] != sounds


def test_trading_gives_each_their_bars_in_turn(make):
    band = make(mode="trade", call_bars=2, answer_bars=2)
    band.play((0.0, 1.0, 50), (5.0, 6.0, 52))
    band.run_until(9)
    band.play((10.0, 11.0, 53))  # into the model's bars: not a call
    band.run_until(16)
    band.play((17.0, 18.0, 55))
    band.run_until(32.5)
    assert sorted(bars(band)) == [2, 3, 6, 7]
    assert [[note.pitch for note in call.notes] for *_, call, _ in band.asked] == [[50, 52], [55]]
    band.run_until(70)  # nothing more is played: it waits for a first note again
    assert band.session.state == "waiting"
    band.play((81.0, 82.0, 57))
    band.run_until(90)
    assert 22 in bars(band)


def test_accompaniment_begins_after_a_bar_and_ends_with_the_player(make):
    band = make(mode="accompany", call_bars=1, answer_bars=1)
    for bar in range(8):
        band.play((4.0 * bar + 0.5, 4.0 * bar + 1, 50))
        band.run_until(4.0 * bar + 3.9)
    assert sorted(bars(band)) == list(range(1, 9))
    band.run_until(60)
    assert max(bars(band)) <= 10
    assert band.session.state == "waiting"
    band.play((61.0, 62.0, 50))
    band.run_until(66)
    assert 16 in bars(band)


@pytest.mark.parametrize(("launch", "begins"), [("beat", 9), ("bar", 12), ("phrase", 16)])
def test_a_phrase_begins_on_the_line_that_was_chosen(make, launch, begins):
    band = make(launch=launch)
    band.play((0.0, 1.0, 50))
    band.run_until(8.3)
    band.session.forget()
    del band.commands[:], band.answers[:]
    band.play((8.35, 8.4, 50))
    band.session.cancel()
    band.session.answer_now()
    band.run_until(begins + 0.5)
    assert band.sounding()[0][0] == begins


@pytest.mark.parametrize(("launch", "begins"), [("beat", 10), ("bar", 12), ("phrase", 12)])
def test_a_late_answer_moves_by_whole_beats_and_keeps_its_rhythm(make, launch, begins):
    band = make(launch=launch)
    band.seconds = 0.8
    band.play((0.0, 1.0, 50))
    band.run_until(20)
    assert band.sounding() == [(begins, 61), (begins + 4, 61)]


def test_a_call_launched_on_a_beat_begins_with_the_player(make):
    band = make(launch="beat", call_bars=1)
    band.play((2.1, 2.5, 50))
    band.run_until(7)
    assert band.asked[0][2].notes[0].start == pytest.approx(0.1)
    assert band.sounding()[0] == (6, 61)


def test_an_answer_is_cancelled_or_replaced_before_it_begins(make):
    band = make()
    band.play((0.0, 1.0, 50))
    band.run_until(7.9)
    band.session.cancel()
    band.run_until(12)
    assert band.sounding() == []
    assert band.session.state == "waiting"
    band.play((16.0, 17.0, 50))
    band.at(18.0).answer_now()
    band.run_until(19)
    assert [pitch for _, pitch in band.sounding()] == [62, 62]
    band.at(19.2).act(0, band._answer)
    band.run_until(40)
    assert band.sounding() == [(20, 63), (24, 63)]


def test_a_slow_model_is_asked_earlier_and_a_quick_one_later(make):
    band = make(call_bars=4)
    for seconds, rounds in ((0.5, 5), (0.01, 20)):
        band.seconds = seconds
        for _ in range(rounds):
            start = 16 * (1 + band.beat // 16)
            band.play((start, start + 1, 50))
            band.run_until(start + 32)
        asked = band.asked[-1][0]
        ahead = (16 * round(asked / 16) - asked) / 2
        assert ahead == pytest.approx(max(1.25 * seconds, 0.06), abs=0.02)
    assert {beat % 16 for beat, _ in band.sounding()[-8:]} == {0, 4}


def test_the_first_note_arms_a_downbeat_only_while_nothing_plays(make):
    band = make()
    band.values["/clock/first_note"] = True
    band.session.settings_changed("/clock/first_note")
    assert band.commands[-1] == realtime.ArmDownbeat(True)
    assert band.session.armed
    band.play((0.0, 1.0, 50))
    assert band.commands[-1] == realtime.ArmDownbeat(False)
    band.run_until(17)
    assert band.session.armed


ACTS = st.one_of(
    st.tuples(st.just("mode"), st.sampled_from(["answer", "trade", "duet", "loop", "accompany"])),
    st.tuples(st.just("hold"), st.booleans()),
    st.tuples(st.just("launch"), st.sampled_from(["beat", "bar", "phrase"])),
    st.tuples(st.just("call_bars"), st.integers(1, 4)),
    st.tuples(st.just("answer_bars"), st.integers(1, 4)),
    st.tuples(st.just("loop_passes"), st.integers(1, 3)),
    st.tuples(st.just("slow"), st.sampled_from([0.01, 0.3, 3.0])),
    st.tuples(st.just("play"), st.integers(40, 80)),
    st.tuples(st.just("play"), st.integers(40, 80)),
    st.sampled_from([(name,) for name in ("answer", "act", "cancel", "forget", "lost", "refused")]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.lists(st.tuples(st.sampled_from([0.0, 0.3, 1.0, 3.9, 8.0, 33.0]), ACTS), max_size=40))
def test_whatever_is_asked_nothing_is_stuck_and_stop_ends_all(make, script):
    band = make()
    for wait, (what, *value) in script:
        band.run_until(band.beat + wait, most=3000)
        match what:
            case "slow":
                band.seconds = value[0]
            case "play":
                band.at(band.beat).hear(0, value[0], 90)
                band.at(band.beat + 0.2).hear(0, value[0], 0)
            case "answer":
                with contextlib.suppress(ValueError):
                    band.session.answer_now()
            case "act":
                band.session.act(0, band._answer)
            case "cancel":
                band.session.cancel()
            case "forget":
                band.session.forget()
            case "lost":
                band.answers.clear()
                band.session.model_lost()
            case "refused" if band.answers:
                _, call_id, _ = band.answers.pop()
                band.session.refused(call_id, "no")
            case "refused":
                pass
            case _:
                band.set(f"/music/{what}", value[0])
        assert band.session.state in ("waiting", "listening", "thinking", "answering")
    band.run_until(band.beat + 20, most=3000)
    band.session.forget()
    band.answers.clear()
    played = {
        c.phrase: c.beat + max(n.start + n.duration for n in c.notes) for c in band.commands if hasattr(c, "notes")
    }
    ended = {c.phrase for c in band.commands if isinstance(c, realtime.EndPhrase)}
    assert all(phrase in ended or end <= band.beat + 1e-6 for phrase, end in played.items())
    assert band.session.due() is None
    assert band.session.state == "waiting"
