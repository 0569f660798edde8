"""Real MIDI files against Magenta's converters (tests/data/midi/README.md), and strange ones against a reason.

With ANTIPHON_DATA naming a folder with `groove/` and `pop909/`, all 300 files are compared, in about a minute.
"""

import hashlib
import json
import os
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.music_vae import configs, encodings, melody, midi_file
from models.music_vae.encodings import chords
from models.music_vae.score import Chord, Score, ScoreNote, Tempo

HERE = Path(__file__).parents[2] / "data" / "midi"
FOLDER = Path(os.environ.get("ANTIPHON_DATA", HERE))
DIGESTS = json.loads((HERE / "digests.json").read_text())
FILES = [name for name in DIGESTS if (FOLDER / name).exists()]


def digest(example):
    found = hashlib.sha256()
    for array in (example.x, example.y, example.controls):
        found.update(np.ascontiguousarray(array, "<f4").tobytes())
    found.update(example.lengths.astype("<i8").tobytes())
    return found.hexdigest()[:16]


def test_there_are_files():
    assert len(FILES) >= 12


@pytest.mark.parametrize("name", FILES)
def test_real_files_are_encoded_as_magenta_encodes_them(name):
    score = midi_file.read(FOLDER / name)
    for config, wanted in DIGESTS[name].items():
        try:
            examples = encodings.encode(configs.find(config), score).examples
        except encodings.Refusal as reason:
            assert str(reason).startswith(f"nothing in the piece can be encoded for {config}: ")
            assert not wanted
            continue
        joined = "".join(sorted({digest(example) for example in examples}))
        assert hashlib.sha256(joined.encode()).hexdigest()[:12] == wanted, config


def written(path, *tracks, resolution=480, kind=1):
    file = mido.MidiFile(type=kind, ticks_per_beat=resolution)
    for events in tracks:
        file.tracks.append(mido.MidiTrack(events))
    file.save(path)
    return path


def on(pitch, time=0, channel=0, velocity=80):
    return mido.Message("note_on", note=pitch, velocity=velocity, time=time, channel=channel)


def off(pitch, time=0, channel=0):
    return mido.Message("note_off", note=pitch, time=time, channel=channel)


def tune(*pitches, ticks=480):
    return [message for pitch in pitches for message in (on(pitch), off(pitch, ticks))]


def encoded(path, name="cat-mel_2bar_small"):
    return encodings.encode(configs.find(name), midi_file.read(path))


def test_triplets_polyphony_and_empty_tracks_are_taken(tmp_path):
    triplets = [
        message
        for pitch in (60, 62, 64) * 4
        for message in (on(pitch), on(pitch - 12), off(pitch, 160), off(pitch - 12))
    ]
    long = [on(72), off(72, 480 * 4)]
    (example,) = encoded(written(tmp_path / "t.mid", [], triplets + long)).examples
    notes = melody.decode(example.x.argmax(1))
    assert [pitch for _, _, pitch in notes] == [60, 62, 64] * 4 + [72]
    assert [start for start, _, _ in notes] == [0, 1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16]


def test_of_chords_the_highest_or_the_lowest_notes_are_heard(tmp_path):
    chords_ = [m for p in (60, 62, 64, 65) for m in (on(p), on(p + 7), off(p, 960), off(p + 7))]
    score = midi_file.read(written(tmp_path / "v.mid", chords_))
    for voice, first in (("highest", 67), ("lowest", 60)):
        (example,) = encodings.encode(configs.find("cat-mel_2bar_small"), score, voice).examples
        assert melody.decode(example.x.argmax(1))[0][2] == first


def test_a_change_of_tempo_or_metre_divides_a_piece_and_what_is_left_out_is_said(tmp_path):
    conductor = [
        mido.MetaMessage("set_tempo", tempo=400_000),
        mido.MetaMessage("time_signature", numerator=3, denominator=4, time=480 * 8),
        mido.MetaMessage("time_signature", numerator=4, denominator=4, time=480 * 6),
        mido.MetaMessage("set_tempo", tempo=900_000, time=480 * 8),
    ]
    path = written(tmp_path / "c.mid", conductor, tune(*range(60, 60 + 8), *range(40, 46), *range(70, 70 + 12)))
    found = encoded(path)
    assert [melody.decode(e.x.argmax(1))[0][2] for e in found.examples] == [60, 70]
    assert found.refused[0] == "a bar must have 4 quarters, 3/4 has 3"
    assert found.refused[1].startswith("a melody must be 2 bars long")


@pytest.mark.parametrize(
    ("name", "tracks", "reason"),
    [
        ("cat-mel_2bar_small", [[]], "has no notes in its 1 tracks"),
        ("cat-mel_2bar_small", [tune(60)], "must be 2 bars long, of 1 melodies none is"),
        ("cat-mel_2bar_small", [[on(60, channel=9), off(60, 480 * 8, 9)]], "of 0 melodies none is"),
        ("cat-mel_2bar_small", [tune(10, ticks=480 * 8)], r"pitches must be 21\.\.108"),
        ("cat-mel_2bar_med_chords", [tune(60)], "must be 2 bars long"),
        ("cat-drums_2bar_small", [tune(60, ticks=480 * 8)], "of 0 drum tracks none is"),
        ("groovae_2bar_humanize", [tune(20, ticks=480 * 8)], "pitch 20 is none"),
        ("groovae_2bar_humanize", [tune(36)], "2 bars long, 1 at the end are not"),
        ("hierdec-trio_16bar", [tune(60, ticks=480 * 64)], "bass and drums is missing"),
        ("hier-multiperf_vel_1bar_med", [tune(60)], r"2\.\.8 instruments, got 1"),
    ],
)
def test_what_cannot_be_encoded_is_refused_with_the_reason(tmp_path, name, tracks, reason):
    with pytest.raises(ValueError, match=reason):
        encoded(written(tmp_path / "r.mid", *tracks), name)


def test_notes_left_open_and_pedals(tmp_path):
    score = midi_file.read(
        written(tmp_path / "o.mid", [on(60), off(61, 960), mido.MetaMessage("text", text="x", time=960)])
    )
    assert score.notes == (ScoreNote(60, 80, 0.0, 2.0),)
    pedal = [mido.Message("control_change", control=64, value=100), *tune(60), *tune(60)]
    score = midi_file.read(written(tmp_path / "p.mid", pedal))
    assert score.pedals[0].down


def test_files_that_are_none_are_refused(tmp_path):
    path = tmp_path / "no.mid"
    for data, reason in (
        (b"", "not a"),
        (b"hello world, this is text", "not a MIDI file"),
        (b"MThd\0\0\0\6\0\1\0\1\x80\x18MTrk\0\0\0\4\0\xff\x2f\0", "SMPTE"),
        (b"MThd\0\0\0\6\0\2\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0", "type 0 or 1, is of type 2"),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=reason):
            midi_file.read(path)
    with pytest.raises(FileNotFoundError):
        midi_file.read(tmp_path / "missing.mid")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_do_more_than_be_refused(tmp_path_factory, data):
    original = bytearray((HERE / next(name for name in FILES if name.startswith("groove"))).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        original[data.draw(st.integers(0, len(original) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("fuzz") / "f.mid"
    path.write_bytes(original[: data.draw(st.integers(0, len(original)))])
    try:
        encoded(path, "groovae_2bar_humanize")
    except ValueError as reason:
        assert str(reason)


def test_chord_symbols_have_classes_and_back():
    for symbol, number in (
        ("N.C.", 0), ("C", 1), ("B", 12), ("Am", 22), ("F#m7b5", 43), ("Bb/D", 11), ("Gaug", 32), ("Ebdim7", 40),
        ("C7#5", 25), ("D(add9)", 3), ("E-7", 17), ("Amaj9", 10), ("Cm(maj7)", 13), ("Cb", 12), ("G7b9", 8),
    ):  # fmt: skip
        assert chords.encode(symbol) == number, symbol
    assert [chords.encode(chords.decode(number)) for number in range(49)] == list(range(49))
    for symbol in ("", "H", "Csus4", "C5", "Cno3", "Cadd3", "C" * 50, "C#b", "Cped"):
        with pytest.raises(ValueError, match=r"chord"):
            chords.encode(symbol)


def test_chords_are_inferred_where_there_are_none():
    def triad(root, third, start):
        return [ScoreNote(root + step, 80, start, start + 2.0) for step in (0, third, 7)]

    notes = (*triad(48, 4, 0.0), *triad(57, 3, 2.0), *triad(53, 4, 4.0), *triad(55, 4, 6.0))
    score = Score(notes, (Tempo(0.0, 120.0),), total_time=8.0)
    examples = encodings.encode(configs.find("cat-mel_2bar_med_chords"), score).examples
    found = [[chords.decode(step.argmax()) for step in e.controls[::16]] for e in examples]
    assert found == [["C", "Am"], ["Am", "F"], ["F", "G"]]


def test_chords_condition_and_two_at_once_are_refused():
    notes = tuple(ScoreNote(60 + n, 80, n / 2, n / 2 + 0.5) for n in range(8))
    score = Score(notes, (Tempo(0.0, 120.0),), (), (Chord(0.0, "C"), Chord(2.0, "Am")), 4.0)
    config = configs.find("cat-mel_2bar_med_chords")
    (example,) = encodings.encode(config, score).examples
    assert example.controls.argmax(1).tolist() == [1] * 16 + [22] * 16
    twice = Score(notes, (), (), (Chord(0.0, "C"), Chord(0.01, "Am")), 4.0)
    with pytest.raises(ValueError, match="both begin at step 0"):
        encodings.encode(config, twice)
