import itertools

import numpy as np
import pytest
from small_weights import weights_file

from models.contract import Note, Phrase
from models.music_vae import melody
from models.music_vae.arc import slerp
from models.music_vae.declaration import MusicVae
from models.music_vae.hearing import REACH, foreign_to, hear
from models.music_vae.implementation import MusicVaePlayer
from models.music_vae.melodist import ATTEMPTS
from models.music_vae.metre import model_bars

TUNE = tuple(Note(pitch, 60 + step, step * 0.5, 0.5) for step, pitch in enumerate((60, 62, 64, 65, 67, 69, 71, 72) * 2))
CALL = Phrase(TUNE, bars=2)
PARAMS = {"temperature": 0.8, "variation": 0.5, "seed": 5}


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    return MusicVaePlayer(weights_file(tmp_path_factory.mktemp("weights")))


def test_declaration_is_light_and_complete():
    assert MusicVae.name == "music_vae"
    pad = {"pad", "pad_x", "pad_y", *(f"corner_{number}" for number in range(1, 5))}
    assert set(MusicVae.params()) == {"temperature", "variation", "seed", "chords", "answer_with"} | pad


@pytest.mark.parametrize(
    ("bars", "beats"), [(1, 4), (2, 4), (3, 4), (4, 4), (2, 3), (3, 5), (2, 7), (3, 2), (4, 1), (1, 12)]
)
def test_answers_fill_their_bars_in_order_one_note_at_a_time(player, bars, beats):
    call = Phrase(TUNE, bars=4, beats_per_bar=beats)
    notes = list(player.answer(call, bars, PARAMS))
    assert notes
    for note in notes:
        assert 0 <= note.start < bars * beats
        assert note.duration > 0
        assert 60 - REACH <= note.pitch <= 72 + REACH
        assert 60 <= note.velocity < 80
    for one, two in itertools.pairwise(notes):
        assert one.start + one.duration <= two.start
    assert notes[-1].start + notes[-1].duration <= bars * beats


def test_same_seed_same_notes_and_another_seed_others(player):
    answers = [list(player.answer(CALL, 2, PARAMS | {"seed": seed})) for seed in (5, 5, 6)]
    assert answers[0] == answers[1] != answers[2]
    assert list(player.answer(CALL, 2, PARAMS | {"seed": -1}))


def test_without_variation_and_temperature_it_is_the_reconstruction(player):
    still = {"temperature": 0.0, "variation": 0.0, "seed": 0}
    notes = list(player.answer(CALL, 2, still))
    assert notes == list(player.answer(CALL, 2, still | {"seed": 9}))
    window = hear(CALL).windows[-1]
    x = np.eye(90, dtype=np.float32)[window.steps][None]
    steps = [step[0].argmax() for step in player.network.decode(player.network.encode(x)[0], 32, temperature=0)]
    decoded = [(start / 4, (end - start) / 4) for start, end, _ in melody.decode(steps)]
    assert [(note.start, note.duration) for note in notes] == decoded


def test_a_model_that_keeps_silent_is_drawn_again_and_then_made_to_play(tmp_path):
    player = MusicVaePlayer(weights_file(tmp_path, mute=True))
    notes = list(player.answer(CALL, 4, PARAMS | {"temperature": 0.0}))
    assert [note.start for note in notes] == [0.0, 4.0, 8.0, 12.0]
    assert ATTEMPTS > 1


def test_a_call_of_one_note_is_answered_by_more_unless_it_is_to_be_given_back(tmp_path):
    player = MusicVaePlayer(weights_file(tmp_path, mute=True))
    one = Phrase((Note(60, 80, 0.0, 1.0),), bars=2)
    assert len(list(player.answer(one, 2, PARAMS | {"temperature": 0.0}))) == 2


def test_calls_of_other_registers_are_answered_there(player):
    for shift in (-36, 36):
        low = Phrase(tuple(Note(n.pitch + shift, 80, n.start, n.duration) for n in TUNE), bars=2)
        heard = hear(low)
        assert heard.octaves == {-36: 36, 36: -36}[shift] or abs(heard.octaves) == 24
        for note in player.answer(low, 2, PARAMS):
            assert 60 + shift - REACH <= note.pitch <= 72 + shift + REACH


@pytest.mark.parametrize(
    ("call", "bars", "params", "reason"),
    [
        (Phrase((), bars=2), 2, {}, "at least one note"),
        (CALL, 0, {}, "bars must be 1..1024, got 0"),
        (Phrase(TUNE, bars=0), 2, {}, "1 bar or more"),
        (CALL, 2, {"temperature": 3.0}, "temperature must be 0.0..2.0, got 3.0"),
        (CALL, 2, {"variation": "much"}, "variation must be 0.0..1.0, got 'much'"),
    ],
)
def test_refusals_state_rule_and_value(player, call, bars, params, reason):
    with pytest.raises(ValueError, match=reason):
        player.answer(call, bars, PARAMS | params)


def test_hearing_takes_the_top_line_on_the_grid():
    chord = Phrase((Note(60, 50, 0.02, 1.0), Note(64, 90, 0.0, 3.0), Note(67, 70, 1.9, 1.0)), bars=2)
    window = hear(chord).windows[-1]
    assert melody.decode(window.steps) == [(0, 8, 64), (8, 12, 67)]
    assert window.velocities[0] == window.velocities[7] == 90
    assert window.velocities[8] == window.velocities[31] == 70


def test_hearing_skips_rests_and_repeats_a_single_bar():
    early = Phrase((Note(60, 80, 0.0, 1.0),), bars=6)
    assert len(hear(early).windows) == 1
    once = hear(Phrase((Note(60, 80, 0.0, 4.0),), bars=1)).windows[-1]
    assert melody.decode(once.steps) == [(0, 16, 60), (16, 32, 60)]
    odd = hear(Phrase((Note(60, 80, 1.0, 1.0),), bars=3)).windows[-1]
    assert melody.decode(odd.steps) == [(4, 8, 60)]


def test_a_clear_key_is_kept_and_an_unclear_one_left_open():
    def pitches(numbers):
        return {int(number) + 19 for number in np.flatnonzero(foreign_to(numbers))}

    assert {pitch % 12 for pitch in pitches([60, 62, 64, 65, 67, 69, 71])} == {1, 3, 6, 8, 10}
    assert {pitch % 12 for pitch in pitches([60, 62, 64, 65, 67, 69, 71, 72, 72, 66])} == {1, 3, 8, 10}  # F# was heard
    assert not pitches([60])  # one note is in seven keys, which have all notes between them
    assert not pitches(list(range(60, 72)))
    assert not foreign_to([60, 62, 64, 65, 67, 69, 71])[: melody.FIRST_NOTE].any()


def test_bars_of_other_metres_keep_beats_and_downbeats():
    assert [tuple(bar) for bar in model_bars(2, 5)] == [(0, 3), (3, 2), (5, 3), (8, 2)]
    assert [tuple(bar) for bar in model_bars(3, 2)] == [(0, 4), (4, 2)]
    waltz = Phrase((Note(60, 80, 0.0, 3.0), Note(62, 80, 3.0, 2.0)), bars=2, beats_per_bar=3)
    assert melody.decode(hear(waltz).windows[-1].steps) == [(0, 16, 60), (16, 24, 62)]


def test_slerp_keeps_its_ends_and_survives_zeros():
    start, end = np.ones((1, 4), np.float32), np.array([[1, -1, 1, -1]], np.float32)
    np.testing.assert_allclose(slerp(start, end, 0.0), start, atol=1e-6)
    np.testing.assert_allclose(slerp(start, end, 1.0), end, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(slerp(start, end, 0.5)), 2.0, rtol=1e-5)
    np.testing.assert_allclose(slerp(start, start * 0, 0.5), start / 2)
    np.testing.assert_allclose(slerp(start, -start, 0.5), start * 0, atol=1e-6)
