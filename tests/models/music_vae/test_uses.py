import itertools
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save
from small_weights import SIZES, told_at_random, weights_file

from models import pad
from models.contract import Note, Phrase
from models.music_vae import melody
from models.music_vae.arc import slerp, ways
from models.music_vae.attributes import ATTRIBUTES, Attributes, measure
from models.music_vae.declaration import MusicVae
from models.music_vae.hearing import REACH, hear, nearest
from models.music_vae.implementation import MusicVaePlayer
from models.music_vae.leaning import ALONE, harmony
from models.music_vae.metre import model_bars
from models.music_vae.prior import Prior
from models.music_vae.progression import parse, tones_of
from models.music_vae.uses.completing import gaps_in
from models.music_vae.uses.continuing import _chosen

SCALE = (60, 62, 64, 65, 67, 69, 71, 72)
TUNE = tuple(Note(pitch, 60 + step, step * 0.5, 0.5) for step, pitch in enumerate(SCALE * 4))
CALL = Phrase(TUNE, bars=4)
PARAMS = {"temperature": 0.8, "variation": 0.5, "seed": 5, "chords": ""}
USES = ("generate", "continue", "vary", "interpolate", "complete", "morph")
ARGUMENTS = {"complete": {"gaps": "2"}, "morph": {"density": 1.0}}


class Near:
    """Predicts that what comes next is near what came last."""

    def __init__(self):
        self.asked = []
        self.chords = []

    def draw(self, past, count, temperature, rng, chords=None):
        self.chords.append(chords)
        self.asked.append((len(past), count, temperature))
        return slerp_rows(past[-1:], rng.standard_normal((count, past.shape[1])).astype(np.float32))


def slerp_rows(start, ends):
    return np.concatenate([slerp(start, end[None], 0.3) for end in ends])


@pytest.fixture(scope="module")
def player(tmp_path_factory):
    player = MusicVaePlayer(weights_file(tmp_path_factory.mktemp("weights")), predictor=Near())
    player._attributes = told_at_random()
    return player


def act(player, use, heard=CALL, bars=4, params=PARAMS, **arguments):
    return list(player.act(use, ARGUMENTS.get(use, {}) | arguments, heard, bars, params))


def test_every_action_of_the_declaration_is_one_of_these():
    assert tuple(MusicVae.actions()) == USES
    assert MusicVae.actions()["vary"].arguments["variation"] is MusicVae.variation


@pytest.mark.parametrize("use", USES)
def test_same_input_parameters_and_seed_same_notes(player, use):
    first, again, other = (act(player, use, params=PARAMS | {"seed": seed}) for seed in (5, 5, 6))
    assert first == again
    assert first != other
    assert act(player, use, params=PARAMS | {"seed": -1})


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(("bars", "beats"), [(1, 4), (3, 4), (4, 3), (2, 5), (4, 2)])
def test_notes_come_in_order_and_in_their_bars(player, use, bars, beats):
    call = Phrase(TUNE, bars=-(-16 // beats), beats_per_bar=beats)
    notes = act(player, use, call, bars)
    assert notes
    room = call.bars if use == "complete" else bars
    for one, two in itertools.pairwise(notes):
        assert one.start <= two.start
    for note in notes:
        assert 0 <= note.start < room * beats
        assert note.duration > 0
        assert 1 <= note.velocity <= 127
        assert 0 <= note.pitch <= 127


@pytest.mark.parametrize("use", [use for use in USES if use != "generate"])
def test_what_must_be_heard_is_asked_for(player, use):
    with pytest.raises(ValueError, match="at least one note"):
        player.act(use, {}, Phrase((), 2), 2, PARAMS)
    with pytest.raises(ValueError, match=r"bars must be 1..1024, got 1025"):
        player.act(use, {}, CALL, 1025, PARAMS)


def test_without_their_weights_continuing_and_morphing_say_so(tmp_path):
    bare = MusicVaePlayer(weights_file(tmp_path))
    assert act(bare, "generate")
    with pytest.raises(ValueError, match=r"predictor's weights, melody_continuation\.safetensors"):
        act(bare, "continue")
    with pytest.raises(ValueError, match="attributes' weights"):
        act(bare, "morph")


# ---- continue


def test_the_first_notes_leave_before_the_last_is_decoded(player):
    notes = player.act("continue", {}, CALL, 32, PARAMS)
    asked = len(player.predictor.asked)
    first = next(notes)
    assert len(player.predictor.asked) - asked < 16
    assert first.start < 8
    rest = list(notes)
    assert rest[-1].start >= 31 * 4


def test_the_predictor_is_given_what_was_heard_and_then_what_was_played(player):
    player.predictor.asked.clear()
    act(player, "continue", bars=6)
    assert sorted({past for past, _, _ in player.predictor.asked}) == [2, 3, 4]


def test_variation_warms_the_predictor(player):
    player.predictor.asked.clear()
    act(player, "continue", params=PARAMS | {"variation": 0.0})
    act(player, "continue", params=PARAMS | {"variation": 1.0})
    temperatures = [temperature for _, _, temperature in player.predictor.asked]
    assert min(temperatures) == 0.8
    assert max(temperatures) >= 1.8


def test_it_stays_in_the_register_that_was_heard(player):
    low = Phrase(tuple(Note(note.pitch - 24, 80, note.start, note.duration) for note in TUNE), bars=4)
    for note in act(player, "continue", low, 8):
        assert 36 - REACH <= note.pitch <= 48 + REACH


def test_segments_are_not_merely_repeated_nor_bland(player):
    rng = np.random.default_rng(4)
    past = rng.standard_normal((3, 16)).astype(np.float32)
    past *= 4 / np.linalg.norm(past, axis=1, keepdims=True)
    new = rng.standard_normal((1, 16)).astype(np.float32)
    new *= 4 / np.linalg.norm(new)
    points = np.concatenate([past, 0.2 * new, new])
    chosen = [_chosen(points, past, None, None, rng) for _ in range(50)]
    assert np.mean([np.array_equal(one, new) for one in chosen]) > 0.9


def test_an_answer_can_be_what_comes_after(player):
    continued = list(player.answer(CALL, 4, PARAMS | {"answer_with": "continuation"}))
    assert continued == act(player, "continue")
    assert list(player.answer(CALL, 4, PARAMS | {"answer_with": "variation"})) == list(player.answer(CALL, 4, PARAMS))
    with pytest.raises(ValueError, match="answer_with must be one of variation, continuation, got 'noise'"):
        player.answer(CALL, 4, PARAMS | {"answer_with": "noise"})


# ---- chords


def test_notes_on_beats_follow_the_chords(player):
    chords = {"C": {0, 4, 7}, "F": {5, 9, 0}}
    for use in ("generate", "continue", "vary"):
        notes = act(player, use, bars=32, params=PARAMS | {"chords": "C F"})
        on_beats = [note for note in notes if note.start % 1 == 0]
        inside = [note.pitch % 12 in chords["CF"[int(note.start // 4) % 2]] for note in on_beats]
        free = act(player, use, bars=32)
        on_beats = [note for note in free if note.start % 1 == 0]
        before = [note.pitch % 12 in chords["CF"[int(note.start // 4) % 2]] for note in on_beats]
        assert np.mean(inside) > np.mean(before) + 0.15


def test_a_chord_track_counts_from_the_transport_s_first_bar():
    track = parse("C F | G | N.C.")
    tones = [tones_of(track.at(beat, 4)) for beat in (0.0, 2.0, 4.0, 8.0)]
    assert tones == [{0, 4, 7}, {5, 9, 0}, {7, 11, 2}, frozenset()]
    assert tones_of(track.at(0.0, 4, first_bar=4)) == {7, 11, 2}
    assert parse("").at(0.0, 4) == 0
    heard = hear(Phrase(TUNE, 4, 4, next_bar=1))
    lean, chords = harmony(heard, model_bars(1, 4), parse("C | F#"), 0.0, ALONE)
    assert chords.tolist() == [7] * 16  # F# major, all bar
    on_first = {int(pitch) % 12 for pitch in np.flatnonzero(lean[0, melody.FIRST_NOTE :] == 0) + melody.MIN_PITCH}
    assert on_first == {6, 10, 1}


def test_chords_that_are_none_are_refused_before_the_first_note(player):
    with pytest.raises(ValueError, match=r"a chord must be a symbol .* got 'H'"):
        player.act("vary", {}, CALL, 2, PARAMS | {"chords": "C H"})


# ---- vary


def test_to_vary_by_nothing_is_to_reconstruct(player):
    still = PARAMS | {"temperature": 0.0}
    assert act(player, "vary", variation=0.0, params=still) == list(player.answer(CALL, 4, still | {"variation": 0.0}))
    with pytest.raises(ValueError, match=r"variation must be 0.0..1.0, got 2.0"):
        act(player, "vary", variation=2.0)


# ---- interpolate


def test_ways_begin_and_end_at_their_ends():
    rng = np.random.default_rng(1)
    ends = [rng.standard_normal((1, 8)).astype(np.float32) for _ in range(4)]
    path = ways(ends[:2], 5)
    assert len(path) == 5
    np.testing.assert_allclose(path[0], ends[0], atol=1e-6)
    np.testing.assert_allclose(path[-1], ends[1], atol=1e-6)
    square = ways(ends, 3)
    assert len(square) == 9
    for corner, end in zip((0, 2, 6, 8), ends, strict=True):
        np.testing.assert_allclose(square[corner], end, atol=1e-5)
    same = ways([ends[0], ends[0]], 3)
    np.testing.assert_allclose(np.concatenate(same), np.repeat(ends[0], 3, 0), atol=1e-6)
    assert np.isfinite(ways([ends[0], -ends[0]], 3)).all()
    with pytest.raises(ValueError, match="2, or 4 corners, got 3"):
        ways(ends[:3], 3)


def test_an_interpolation_begins_and_ends_as_what_was_heard_does(player):
    still = PARAMS | {"temperature": 0.0}
    between = act(player, "interpolate", bars=6, params=still)
    ends = act(player, "interpolate", bars=4, params=still)
    assert [n for n in between if n.start < 8] == [n for n in ends if n.start < 8]
    assert [n.pitch for n in between if n.start >= 16] == [n.pitch for n in ends if n.start >= 8]


def test_four_corners_take_a_square_of_bars(player):
    sixteen = Phrase(tuple(Note(n.pitch, 80, n.start + shift, 0.5) for shift in (0, 16) for n in TUNE), bars=8)
    notes = act(player, "interpolate", sixteen, bars=20, corners=True)
    assert max(note.start for note in notes) < 9 * 8


# ---- complete


def test_what_was_given_stays_and_the_gap_is_filled(player):
    notes = act(player, "complete", gaps="2.1-3.2")
    outside = [note for note in TUNE if not 4 <= note.start < 10]
    assert [note for note in notes if note in TUNE] == outside
    added = [note for note in notes if note not in TUNE]
    assert added
    assert all(note.start >= 4 and note.start + note.duration <= 10 for note in added)


def test_gaps_are_bars_or_beats_of_bars_or_silences():
    assert gaps_in("2", CALL) == [(4.0, 8.0)]
    assert gaps_in("1, 3-4", CALL) == [(0.0, 4.0), (8.0, 16.0)]
    assert gaps_in("2.3-3.1", CALL) == [(6.0, 9.0)]
    assert gaps_in("2.3", CALL) == [(6.0, 7.0)]
    sparse = Phrase((Note(60, 80, 1.0, 1.0), Note(62, 80, 5.1, 1.9)), bars=2)
    assert gaps_in("", sparse) == [(2.0, 5.0)]
    for beat in np.linspace(0, 3.9, 40):  # wherever a note is, it is outside
        short = Phrase((Note(60, 80, float(beat), 1 / 16),), bars=1)
        found = gaps_in("", short)
        assert found and not any(start <= nearest(float(beat)) / 4 < end for start, end in found)
    for wrong in ("0", "5", "3-2", "2.5", "x", "1-", "-1"):
        with pytest.raises(ValueError, match="gaps must"):
            gaps_in(wrong, CALL)


def test_there_must_be_a_gap_and_something_else(player):
    with pytest.raises(ValueError, match="there is none"):
        act(player, "complete", gaps="")
    with pytest.raises(ValueError, match="outside the gaps"):
        act(player, "complete", gaps="1-4")


# ---- morph


def test_attributes_tell_what_a_window_is_like():
    steps = melody.encode([(0, 4, 60), (6, 8, 62), (9, 10, 64), (16, 20, 67)], 32)
    (found,) = measure(steps[None])
    assert dict(zip(ATTRIBUTES, found.tolist(), strict=True)) == {
        "density": 4.0,
        "register": 63.25,
        "syncopation": 0.375,
        "contour": 4.5,
    }


def test_a_move_changes_what_is_told_by_as_much_as_was_asked():
    attributes = told_at_random()
    z = np.random.default_rng(2).standard_normal((5, SIZES["z_size"])).astype(np.float32)
    amounts = np.array([1, -2, 0, 0.5], np.float32)
    told = attributes.told(attributes.moved(z, amounts)) - attributes.told(z)
    np.testing.assert_allclose(told, np.tile(amounts, (5, 1)), atol=1e-3)


def test_the_embedded_model_morphs_each_attribute_its_way():
    player = MusicVaePlayer()
    tune = tuple(Note(pitch, 80, float(beat), 1.0) for beat, pitch in enumerate((60, 64, 67, 65, 64, 62, 60, 67)))
    call = Phrase(tune, bars=2)

    def told(**amounts):
        notes = act(
            player, "morph", call, 2, PARAMS | {"temperature": 0.0}, density=amounts.pop("density", 0.0), **amounts
        )
        steps = melody.encode([(round(n.start * 4), round((n.start + n.duration) * 4), n.pitch) for n in notes], 32)
        return dict(zip(ATTRIBUTES, measure(steps[None])[0], strict=True))

    for name in ATTRIBUTES:
        less, more = told(**{name: -2.0}), told(**{name: 2.0})
        assert less[name] < more[name], name


def test_a_file_that_holds_no_attributes_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"weights must have shape \[4, 16\], got none"):
        Attributes.read(weights_file(tmp_path), 16)
    (tmp_path / "x").write_bytes(b"no")
    with pytest.raises(ValueError, match="not a safetensors file"):
        Attributes.read(tmp_path / "x", 16)


def test_hearing_keeps_the_metre_and_the_top_line():
    heard = hear(CALL)
    assert heard.beats_per_bar == 4
    assert heard.pitches == [note.pitch for note in TUNE]


# ---- where real music lies


def test_a_prior_is_fitted_written_and_read(tmp_path):
    rng = np.random.default_rng(1)
    points = rng.standard_normal((2000, 3)) @ np.diag([2.0, 0.5, 1.0]) + [1, 0, -3]
    (tmp_path / "prior.safetensors").write_bytes(save(Prior.fitted(points).tensors()))
    prior = Prior.read(tmp_path / "prior.safetensors", 3)
    drawn = np.concatenate([prior.draw(rng) for _ in range(2000)])
    np.testing.assert_allclose(drawn.mean(0), [1, 0, -3], atol=0.2)
    np.testing.assert_allclose(drawn.std(0), [2.0, 0.5, 1.0], rtol=0.1)
    with pytest.raises(ValueError, match=r"mean must be finite, of shape \[4\], got \[3\]"):
        Prior.read(tmp_path / "prior.safetensors", 4)
    with pytest.raises(ValueError, match="not a safetensors file"):
        Prior.read(Path(__file__), 3)


MELODIES = ("60:0:1 64:1:1 67:2:2", "72:0:4 71:4:4", "55:0:0.5 57:0.5:0.5 59:1:1", "65:0:2 69:2:2 60:4:4")
AT = dict(zip(MELODIES, ((0.0, 1.0), (1.0, 1.0), (0.0, 0.0), (1.0, 0.0)), strict=True))


def on_the_pad(player, x, y, bars=4, melodies=MELODIES, seed=5, temperature=0.8, call=CALL):
    corners = {f"corner_{number}": text for number, text in enumerate(melodies, 1)}
    place = {"pad": True, "pad_x": x, "pad_y": y}
    return list(player.answer(call, bars, PARAMS | corners | place | {"seed": seed, "temperature": temperature}))


def test_on_the_pad_the_place_and_the_seed_decide_and_the_call_does_not(player):
    other = Phrase((Note(40, 20, 0.0, 1.0),), bars=4)
    here = on_the_pad(player, 0.3, 0.6)
    assert here and here == on_the_pad(player, 0.3, 0.6, call=other)
    assert here != on_the_pad(player, 0.9, 0.1) and here != on_the_pad(player, 0.3, 0.6, seed=6)
    generated = player.act(
        "generate",
        {},
        Phrase((), 4),
        4,
        PARAMS
        | {"pad": True, "pad_x": 0.3, "pad_y": 0.6}
        | {f"corner_{number}": text for number, text in enumerate(MELODIES, 1)},
    )
    assert list(generated) == here


@pytest.mark.parametrize(("bars", "beats"), [(1, 4), (3, 4), (4, 3), (2, 5), (4, 2)])
def test_the_pad_plays_in_every_metre_and_with_empty_corners(player, bars, beats):
    call = Phrase(TUNE, bars=4, beats_per_bar=beats)
    for melodies in (MELODIES, ("",) * 4, (*MELODIES[:2], "", "")):
        notes = on_the_pad(player, 0.5, 0.5, bars, melodies, call=call)
        assert notes and all(0 <= note.start < bars * beats for note in notes)
        assert notes == sorted(notes, key=lambda note: note.start)


def test_what_the_pad_cannot_mix_is_refused(player):
    with pytest.raises(ValueError, match=r"must be PITCH:BEAT:BEATS .*got 'C4'"):
        on_the_pad(player, 0.5, 0.5, melodies=("C4", "", "", ""))
    with pytest.raises(ValueError, match=r"pad_x must be 0.0..1.0, got 2"):
        on_the_pad(player, 2, 0.5)


def test_the_shipped_model_gives_back_each_corner_and_goes_from_one_to_the_other():
    shipped = MusicVaePlayer()
    for text, (x, y) in AT.items():
        wanted = [(note.pitch, note.start) for note in pad.read(text)]
        found = [(note.pitch, note.start) for note in on_the_pad(shipped, x, y, 2, temperature=0.0)]
        assert len(set(wanted) & set(found)) >= 0.6 * len(wanted), (wanted, found)
    ways = [[note.pitch for note in on_the_pad(shipped, x, 1.0, 2, temperature=0.0)] for x in np.linspace(0, 1, 5)]
    assert len({tuple(pitches) for pitches in ways}) >= 3, ways
