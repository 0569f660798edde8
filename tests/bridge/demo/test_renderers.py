"""Each file of the demo is read back with a reader that is not ours, and holds what was played."""

import wave
from pathlib import Path

import av
import mido
import msgspec
import numpy as np
import pytest
from PIL import Image
from small_performance import NOTES, performance

from bridge.demo import midi_file, piano_roll, roll, synth, video
from bridge.demo.performance import Performance, pair
from bridge.demo.write import write
from bridge.measure.machine import machine
from bridge.measure.report import Report


def notes_of(track: mido.MidiTrack) -> list[tuple[int, int, int, int]]:
    """(pitch, velocity, start, end) in ticks."""
    ticks, begun, found = 0, {}, []
    for message in track:
        ticks += message.time
        if message.type == "note_on":
            begun[message.note] = (message.velocity, ticks)
        elif message.type == "note_off":
            velocity, start = begun.pop(message.note)
            found.append((message.note, velocity, start, ticks))
    assert not begun, "notes without an end"
    return found


def test_midi_file_holds_each_voice_as_played(tmp_path: Path) -> None:
    midi_file.write_midi(performance(), tmp_path / "demo.mid")
    file = mido.MidiFile(str(tmp_path / "demo.mid"))
    assert (file.type, len(file.tracks)) == (1, 2)
    per_beat = file.ticks_per_beat
    for track, voice in zip(file.tracks, ("call", "answer"), strict=True):
        assert notes_of(track) == [
            (note.pitch, note.velocity, round(note.start * per_beat), round(note.end * per_beat))
            for note in NOTES
            if note.voice == voice
        ]
    tempo = next(message for message in file.tracks[0] if message.type == "set_tempo")
    assert mido.tempo2bpm(tempo.tempo) == 120
    assert file.length == pytest.approx(4.0)


def test_repeated_note_ends_before_it_begins_again(tmp_path: Path) -> None:
    midi_file.write_midi(performance(), tmp_path / "demo.mid")
    events = [m.type for m in mido.MidiFile(str(tmp_path / "demo.mid")).tracks[0] if getattr(m, "note", 0) == 64]
    assert events == ["note_on", "note_off", "note_on", "note_off"]


def test_pair_closes_what_is_left_and_ignores_stray_ends() -> None:
    events = [(0.0, 1, 60, 90), (0.5, 1, 62, 0), (1.0, 1, 60, 70), (2.0, 1, 60, 0), (3.0, 2, 60, 50)]
    found = [(note.start, note.duration, note.velocity) for note in pair(events, "call", end=4.0)]
    assert found == [(0.0, 1.0, 90), (1.0, 1.0, 70), (3.0, 1.0, 50)]


def test_picture_shows_each_note_in_its_voice_s_colour() -> None:
    played = performance()
    picture = piano_roll.draw(played, "title", "footer")
    place = roll.geometry(
        played,
        piano_roll.LEFT,
        piano_roll.ROLL_TOP,
        piano_roll.WIDTH - piano_roll.LEFT - piano_roll.EDGE,
        piano_roll.ROLL_HEIGHT,
    )
    assert picture.width == 1600
    for note in played.notes:
        left, top, right, bottom = place.box(note)
        colour = picture.getpixel((round((left + right) / 2), round((top + bottom) / 2)))
        hue = np.array(colour) / max(colour)
        wanted = np.array(roll.COLOURS[note.voice]) / max(roll.COLOURS[note.voice])
        assert np.abs(hue - wanted).max() < 0.08, f"{note}: {colour}"
    empty = picture.getpixel((round(place.x(3.5)), round(place.y(62))))
    assert max(empty) < 60


def test_picture_shows_frames_beneath_at_their_times() -> None:
    played = performance()
    picture = piano_roll.draw(played, "title", "footer")
    y = picture.height - piano_roll.FOOTER - 100
    shades = [
        picture.getpixel((round(piano_roll.LEFT + (bar + 0.5) * (1600 - piano_roll.LEFT - piano_roll.EDGE) / 2), y))
        for bar in range(2)
    ]
    assert shades[0][0] == pytest.approx(40, abs=6)
    assert shades[1][0] == pytest.approx(220, abs=6)


def test_picture_without_frames_or_notes() -> None:
    picture = piano_roll.draw(Performance(120.0, 4, 2, (), (), ()), "title", "footer")
    assert picture.size[0] == 1600


def test_sound_lasts_as_long_as_the_music_and_stays_in_range(tmp_path: Path) -> None:
    synth.write_wav(synth.render(performance()), tmp_path / "demo.wav")
    with wave.open(str(tmp_path / "demo.wav"), "rb") as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, synth.RATE)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2) / 32767
    assert len(samples) / synth.RATE == pytest.approx(4.0 + synth.TAIL, abs=0.01)
    assert np.abs(samples).max() == pytest.approx(synth.PEAK, abs=0.01)
    assert np.abs(samples[-1]).max() < 0.001, "it fades out"
    assert np.abs(samples.mean(axis=0)).max() < 0.01, "no offset"


def test_calls_sound_from_the_left_and_answers_from_the_right() -> None:
    sound = synth.render(performance())
    call, answer = sound[: 2 * synth.RATE], sound[2 * synth.RATE : 4 * synth.RATE]
    energy = [np.square(part).sum(axis=0) for part in (call, answer)]
    assert energy[0][0] > 3 * energy[0][1]
    assert energy[1][1] > 3 * energy[1][0]


def test_sound_has_the_pitch_of_its_notes() -> None:
    sound = synth.render(performance()).sum(axis=1)
    for note in NOTES:
        first = round(note.start * 0.5 * synth.RATE)
        part = sound[first : first + round(note.duration * 0.5 * synth.RATE)]
        spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 8 * len(part)))
        loudest = np.fft.rfftfreq(8 * len(part), 1 / synth.RATE)[spectrum.argmax()]
        assert 12 * np.log2(loudest / 440) + 69 == pytest.approx(note.pitch, abs=0.3), f"{note}"


def test_sound_does_not_click() -> None:
    """A click is a jump between samples that the music's own partials cannot make."""
    sound = synth.render(performance())
    assert np.abs(np.diff(sound, n=2, axis=0)).max() < 0.1


def test_silence_stays_silent() -> None:
    assert not synth.render(Performance(120.0, 4, 1, (), (), ())).any()


def test_film_is_in_step_with_the_sound(tmp_path: Path) -> None:
    played = performance()
    sound = synth.render(played)
    codec = video.write_mp4(played, sound, tmp_path / "demo.mp4")
    assert codec in video.CODECS
    with av.open(str(tmp_path / "demo.mp4")) as container:
        (picture,) = container.streams.video
        assert (picture.width, picture.height) == (video.SIDE, video.SIDE + video.STRIP)
        shades = [
            (float(frame.time), int(frame.to_ndarray(format="gray")[100, 100])) for frame in container.decode(picture)
        ]
    assert len(shades) == int(len(sound) / synth.RATE * video.FPS)
    turn = next(time for time, shade in shades if shade > 130)
    assert turn == pytest.approx(2.0, abs=1.5 / video.FPS)
    with av.open(str(tmp_path / "demo.mp4")) as container:
        (track,) = container.streams.audio
        assert (track.codec_context.name, track.rate, track.layout.name) == ("aac", synth.RATE, "stereo")
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(track)], axis=1)
    assert heard.shape[1] / synth.RATE == pytest.approx(len(sound) / synth.RATE, abs=0.05)
    size = 2 * len(sound)
    likeness = np.fft.irfft(np.fft.rfft(heard[1], size) * np.conj(np.fft.rfft(sound[:, 1], size)), size)
    shift = (likeness.argmax() + len(sound)) % size - len(sound)
    assert abs(shift) / synth.RATE < 0.03


def test_a_disk_that_fills_up_leaves_only_whole_files(tiny_disk: Path) -> None:
    (tiny_disk / "demo.wav").write_bytes(b"earlier")
    report = Report(machine(), [])
    with pytest.raises(OSError, match="No space left"):
        write(msgspec.structs.replace(performance(), bars=5), report, tiny_disk, lambda _: None)
    assert {file.name for file in tiny_disk.iterdir()} == {"demo.mid", "demo.png", "demo.wav"}
    assert (tiny_disk / "demo.wav").read_bytes() == b"earlier"
    with Image.open(tiny_disk / "demo.png") as picture:
        picture.load()


def test_film_falls_back_where_there_is_no_h264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "CODECS", ("no_such_encoder", "mpeg4"))
    played = performance()
    assert video.write_mp4(played, synth.render(played), tmp_path / "demo.mp4") == "mpeg4"
    monkeypatch.setattr(video, "CODECS", ("no_such_encoder",))
    with pytest.raises(video.NoEncoderError, match="no_such_encoder"):
        video.write_mp4(played, synth.render(played), tmp_path / "demo.mp4")
