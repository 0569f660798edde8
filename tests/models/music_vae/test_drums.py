import itertools

import numpy as np
import pytest
from small_weights import told_at_random, weights_file

from models.contract import Note, Phrase
from models.music_drums.declaration import MusicDrums
from models.music_drums.implementation import MusicDrumsPlayer
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drum_attributes import DRUM_ATTRIBUTES, measure
from models.music_vae.drum_hearing import hear, notes_of
from models.music_vae.drummer import DRUMS, GROOVE, TAP, Drummer
from models.music_vae.kits import REDUCED
from models.music_vae.metre import model_bars
from models.music_vae.uses.drumming import windows

BEAT = tuple(
    Note(pitch, 60 + beat, beat + off, 0.25, 9)
    for beat in range(16)
    for pitch, off in ((36 if beat % 2 == 0 else 38, 0.0), (42, 0.02), (42, 0.5))
)
CALL = Phrase(BEAT, bars=4)
PARAMS = {"temperature": 0.8, "variation": 0.5, "seed": 5, "chords": ""}
USES = tuple(MusicDrums.actions())
KIT = {drum[0] for drum in REDUCED}
ARGUMENTS = {"complete": {"gaps": "2"}}


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    player = MusicDrumsPlayer([weights_file(folder, config) for config in (DRUMS, GROOVE, TAP)])
    player.drummer._attributes = told_at_random()
    return player


def act(player, use, heard=CALL, bars=4, params=PARAMS, **arguments):
    return list(player.act(use, ARGUMENTS.get(use, {}) | arguments, heard, bars, params))


@pytest.mark.parametrize("use", USES)
def test_same_input_parameters_and_seed_same_notes(player, use):
    first, again, other = (act(player, use, params=PARAMS | {"seed": seed}) for seed in (5, 5, 6))
    assert first == again
    assert (first == other) == (use == "groove")


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(("bars", "beats"), [(1, 4), (3, 4), (4, 3), (2, 5), (4, 2)])
def test_drums_come_in_order_and_in_their_bars(player, use, bars, beats):
    call = Phrase(BEAT, bars=-(-16 // beats), beats_per_bar=beats)
    notes = act(player, use, call, bars)
    assert notes
    room = call.bars if use in ("groove", "complete") else bars
    for one, two in itertools.pairwise(notes):
        assert one.start <= two.start
    for note in notes:
        assert 0 <= note.start < room * beats
        assert note.pitch in KIT
        assert 1 <= note.velocity <= 127
        assert note.channel == 9


def test_a_groove_keeps_every_hit_and_moves_it_by_half_a_16th_at_most(player):
    notes = act(player, "groove")
    assert sorted(note.pitch for note in notes) == sorted(note.pitch for note in BEAT)
    for drum in (36, 38, 42):
        before = [round(note.start * 4) for note in BEAT if note.pitch == drum]
        after = [note.start * 4 for note in notes if note.pitch == drum]
        assert np.abs(np.array(before) - after).max() <= 0.5 + 1e-6
    assert {(n.pitch, n.velocity) for n in notes} != {(n.pitch, n.velocity) for n in BEAT}


def test_no_groove_at_all_leaves_the_drums_as_they_were(player):
    notes = act(player, "groove", amount=0.0)
    assert [(n.pitch, n.velocity) for n in notes] == [
        (n.pitch, n.velocity) for n in sorted(BEAT, key=lambda n: (n.start, n.pitch))
    ]
    assert [n.start for n in notes] == pytest.approx(sorted(n.start for n in BEAT), abs=1e-6)


def test_what_was_given_stays_and_the_gap_is_filled(player):
    notes = act(player, "complete", gaps="2.1-3.2")
    outside = sorted((note for note in BEAT if not 4 <= note.start < 10), key=lambda note: (note.start, note.pitch))
    assert [note for note in notes if note in BEAT] == outside
    added = [note for note in notes if note not in BEAT]
    assert added
    assert all(4 - 1 / 8 <= note.start < 10 for note in added)
    with pytest.raises(ValueError, match="gaps must be marked"):
        act(player, "complete", gaps="")
    with pytest.raises(ValueError, match="a drum must be hit outside the gaps"):
        act(player, "complete", gaps="1-4")


def test_attributes_tell_what_hits_are_like():
    hits = np.zeros((1, 32, 9), np.float32)
    hits[0, 0, 0] = hits[0, 2, 2] = hits[0, 17, 8] = hits[0, 20, 1] = 1.0  # on the one, an eighth, a 16th, a beat
    told = dict(zip(DRUM_ATTRIBUTES, measure(hits)[0], strict=True))
    assert told == {"density": 4, "register": (0 + 2 + 2 + 1) / 4, "syncopation": (0.5 + 1.0) / 4, "contour": 0}
    hits[0, 24, 4] = 1.0
    assert measure(hits)[0, list(DRUM_ATTRIBUTES).index("contour")] == 1


def test_the_shipped_drums_go_where_they_are_sent():
    player = MusicDrumsPlayer()
    windows = range(8)
    notes = {
        amount: sum(
            len(act(player, "morph", bars=2, params=PARAMS | {"seed": seed, "temperature": 0.5}, density=amount))
            for seed in windows
        )
        for amount in (-2.0, 0.0, 2.0)
    }
    assert notes[-2.0] < notes[0.0] < notes[2.0]


def test_without_attributes_nothing_morphs(tmp_path):
    player = MusicDrumsPlayer([weights_file(tmp_path, config) for config in (DRUMS, GROOVE, TAP)])
    with pytest.raises(ValueError, match="attributes' weights"):
        act(player, "morph")


def test_any_rhythm_is_drummed_to_but_only_drums_are_varied(player):
    tune = Phrase((Note(60, 80, 0.0, 1.0), Note(64, 80, 1.0, 0.5), Note(67, 80, 1.5, 0.5)), bars=1)
    assert act(player, "drumify", tune)
    assert list(player.answer(tune, 4, PARAMS)) == act(player, "drumify", tune)
    deep = Phrase((Note(100, 80, 0.0, 1.0),), bars=2)
    for use in ("vary", "continue", "interpolate", "groove", "complete", "morph"):
        with pytest.raises(ValueError, match="at least one drum"):
            player.act(use, ARGUMENTS.get(use, {}), deep, 2, PARAMS)
    with pytest.raises(ValueError, match="at least one note"):
        player.act("drumify", {}, Phrase((), 2), 2, PARAMS)


def test_drums_to_taps_are_hit_where_there_are_taps(player):
    taps = Phrase(
        tuple(Note(60, 60 + 5 * n, start, 0.1) for n, start in enumerate((0.0, 0.75, 1.5, 2.5, 3.25))), bars=1
    )
    notes = act(player, "drumify", taps, 2, PARAMS | {"variation": 0.0})
    assert {round(note.start * 4) % 16 for note in notes} == {0, 3, 6, 10, 13}
    free = act(player, "drumify", taps, 2, PARAMS | {"variation": 1.0})
    assert {round(note.start * 4) % 16 for note in free} != {0, 3, 6, 10, 13}


def test_an_answer_to_drums_can_vary_or_continue_them(player):
    for with_, use in (("drums", "drumify"), ("variation", "vary"), ("continuation", "continue")):
        params = PARAMS | {"answer_with": with_}
        assert list(player.answer(CALL, 4, params)) == act(player, use, params=params, **_far(use))
    tune = Phrase((Note(100, 80, 0.0, 1.0), Note(101, 80, 1.0, 0.5)), bars=1)
    assert list(player.answer(tune, 4, PARAMS | {"answer_with": "variation"})) == act(player, "drumify", tune)


def _far(use):
    return {"variation": PARAMS["variation"]} if use == "vary" else {}


def test_refusals_state_rule_and_value(player):
    with pytest.raises(ValueError, match=r"bars must be 1..1024, got 0"):
        player.act("generate", {}, CALL, 0, PARAMS)
    with pytest.raises(ValueError, match=r"amount must be 0.0..1.0, got 2.0"):
        player.act("groove", {"amount": 2.0}, CALL, 2, PARAMS)


def test_a_use_whose_weights_are_missing_says_which(tmp_path):
    bare = Drummer([weights_file(tmp_path, GROOVE)])
    with pytest.raises(ValueError, match=f"needs weights of {DRUMS}, got those of {GROOVE}"):
        bare.encode_hits(np.zeros((32, 9), np.float32))


def test_hits_are_heard_with_loudness_and_timing():
    call = Phrase((Note(36, 127, 0.05, 0.25), Note(35, 60, 0.0, 0.25), Note(22, 64, 0.98, 0.25)), bars=2)
    window = hear(call, model_bars(2, 4))
    assert window.hits.sum() == 2
    assert window.groove[0, 0] == 1 and window.groove[0, DRUM_CLASSES] == 1.0
    assert window.groove[0, 2 * DRUM_CLASSES] == pytest.approx(-0.4)  # late
    assert window.groove[4, 2 * DRUM_CLASSES + 2] == pytest.approx(0.16, abs=1e-6)  # early
    again = notes_of(window.groove, model_bars(2, 4), window.pitches)
    assert [(n.pitch, n.velocity) for n in again] == [(36, 127), (22, 64)]
    assert [n.start for n in again] == pytest.approx([0.05, 0.98])


def test_a_single_bar_is_heard_twice_over():
    (window,) = windows(Phrase((Note(36, 80, 1.0, 0.25),), bars=1))
    assert np.flatnonzero(window.hits[:, 0]).tolist() == [4, 20]
