"""A MIDI file, moment by moment."""

from pathlib import Path

import mido
import pytest

from bridge.offline.music import Music


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A note of channel 4 for a second, one of channel 9 (drums) in the middle of it, and a tempo of 60 after that."""
    file = mido.MidiFile(type=0, ticks_per_beat=480)
    track = file.add_track()
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(120)))
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
    track.append(mido.Message("note_on", channel=3, note=60, velocity=100))
    track.append(mido.Message("note_on", channel=9, note=36, velocity=80, time=480))
    track.append(mido.Message("note_on", channel=9, note=36, velocity=0, time=48))
    track.append(mido.Message("note_off", channel=3, note=60, time=432))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60)))
    track.append(mido.Message("note_on", channel=3, note=64, velocity=90, time=480))
    path = tmp_path / "song.mid"
    file.save(str(path))
    return path


def test_moments_tell_the_beat_and_what_sounds(song: Path) -> None:
    music = Music(song)
    first = music.at(0.25)
    assert (first.beat, first.tempo, first.beats_per_bar) == (pytest.approx(0.5), pytest.approx(120), 3)
    (note,) = first.notes
    assert (note.pitch, note.velocity, note.voice, note.held) == (60, 100, "call", True)
    assert note.age == pytest.approx(0.25)
    both = music.at(0.52)
    assert [(note.pitch, note.voice) for note in both.notes] == [(60, "call"), (36, "answer")]
    later = music.at(1.5)
    assert later.beat == pytest.approx(2.5)
    assert not any(note.held for note in later.notes)


def test_notes_have_an_end_where_the_file_gives_none(song: Path) -> None:
    music = Music(song)
    assert [(note.pitch, note.start, note.end) for note in music.notes] == [
        (60, 0.0, pytest.approx(1.0)),
        (36, pytest.approx(0.5), pytest.approx(0.55)),
        (64, pytest.approx(2.0), pytest.approx(2.0)),
    ]
    assert music.seconds == pytest.approx(2.0)


def test_what_is_no_midi_file_says_so(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    path.write_bytes(b"MThd\0\0")
    with pytest.raises(ValueError, match=r"song\.mid: not a"):
        Music(path)
    with pytest.raises(FileNotFoundError):
        Music(tmp_path / "none.mid")


def test_silence() -> None:
    moment = Music().at(1.0)
    assert (moment.beat, moment.notes) == (2.0, ())
