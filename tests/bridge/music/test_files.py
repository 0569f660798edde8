"""MIDI files as a note model hears and leaves them."""

from pathlib import Path

import mido
import pytest

from bridge.music.reading import read
from bridge.music.writing import Part, write
from models.contract import Note

NOTES = (Note(60, 80, 0.0, 1.0), Note(64, 90, 1.5, 0.5), Note(64, 100, 2.0, 5.0))


@pytest.fixture
def midi(root: Path) -> Path:
    return root / "tests" / "data" / "midi"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    parts = (Part("Bass", (Note(36, 80, 0.0, 8.0),), 33), Part("Lead", NOTES, 80, 1))
    write(tmp_path / "x.mid", parts, ((0.0, 90.0), (4.0, 180.0)), 3, 9.0)
    piece = read(tmp_path / "x.mid", "lead")
    assert piece.notes == NOTES
    assert (piece.bars, piece.beats_per_bar, piece.track, piece.program, piece.drums) == (3, 3, "Lead", 80, False)
    assert [beat for beat, _ in piece.tempos] == [0.0, 4.0]
    assert piece.tempo == pytest.approx(180, abs=0.01)
    assert read(tmp_path / "x.mid", "1").track == "Bass"
    assert read(tmp_path / "x.mid").track == "Lead"  # the higher of two melodies
    assert mido.MidiFile(tmp_path / "x.mid").length == pytest.approx(4 * 60 / 90 + 5 * 60 / 180, abs=0.01)


@pytest.mark.parametrize(("name", "bars"), [("108", 82), ("538", 46), ("569", 75), ("572", 75)])
def test_the_melody_of_a_song_is_found(midi: Path, name: str, bars: int) -> None:
    piece = read(midi / "pop909" / f"{name}.mid")
    assert (piece.track, piece.bars, piece.beats_per_bar, piece.drums) == ("MELODY", bars, 4, False)
    assert read(midi / "pop909" / f"{name}.mid", "piano").track == "PIANO"


def test_drums_are_heard_where_there_is_nothing_else(midi: Path) -> None:
    for path in midi.glob("groove/**/*.mid"):
        piece = read(path)
        assert piece.drums and piece.track == "drums"
        with pytest.raises(ValueError, match="notes other than drums"):
            read(path, drums=False)


def test_a_phrase_is_some_of_the_bars(tmp_path: Path) -> None:
    write(tmp_path / "x.mid", (Part("", NOTES),), ((0.0, 120.0),), 2, 8.0)
    piece = read(tmp_path / "x.mid")
    assert piece.phrase(0, 1).notes == (NOTES[0], Note(64, 90, 1.5, 0.5))
    assert piece.phrase(1, 3).notes == (Note(64, 100, 0.0, 4.0),)
    assert piece.phrase(1, 3).bars == 2


@pytest.mark.parametrize(
    ("metre", "beats"), [((4, 4), 4), ((3, 4), 3), ((6, 8), 3), ((2, 2), 4), ((1, 4), 4), ((12, 8), 6)]
)
def test_the_metre_in_quarters(tmp_path: Path, metre: tuple[int, int], beats: int) -> None:
    assert read(_in(tmp_path, metre)).beats_per_bar == beats


def test_a_metre_without_whole_quarters_is_refused_unless_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"whole quarters, has 3.5: say how many with --beats-per-bar"):
        read(_in(tmp_path, (7, 8)))
    assert read(_in(tmp_path, (7, 8)), beats_per_bar=7).beats_per_bar == 7


def _in(folder: Path, metre: tuple[int, int]) -> Path:
    write(folder / "x.mid", (Part("", NOTES),), ((0.0, 120.0),), 4, 8.0)
    file = mido.MidiFile(folder / "x.mid")
    for message in file.tracks[0]:
        if message.type == "time_signature":
            message.numerator, message.denominator = metre
    file.save(folder / "x.mid")
    return folder / "x.mid"


def test_no_such_track_names_those_there_are(midi: Path) -> None:
    with pytest.raises(ValueError, match=r"track must be one of 1 MELODY, 2 BRIDGE, 3 PIANO; got 'flute'"):
        read(midi / "pop909" / "569.mid", "flute")
