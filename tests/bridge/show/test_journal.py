"""The journal: whole to the last record, bounded, and played again to the tick."""

import time
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
from jackd import wait_until
from serving import serving

from bridge.addresses import Table
from bridge.commands.replay import run
from bridge.offline import journal as offline
from bridge.offline import replay
from bridge.show.journal import files, records
from bridge.show.journal.writer import Journal

VALUES = Table().defaults()


def begun() -> records.Begun:
    return records.Begun(100.0, time.time(), "0", VALUES | {"/frames/fps": 10.0}, (64, 48))


def sounded(beat: float, pitch: int, velocity: int, voice: str = "answer") -> records.Sounded:
    return records.Sounded(100.0 + beat / 2, voice, beat, 0, pitch, velocity, 0.0)  # type: ignore[arg-type]


def written(folder: Path, *there: records.Record, **limits: int) -> list[Path]:
    """The files of a journal that holds these records."""
    journal = Journal(folder, begun, **limits)
    journal.start()
    for record in there:
        journal.add(record)
    journal.stop()
    return sorted(folder.glob("*.journal"))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    there = [
        records.Done(100.5, "/frames/texture_ca/erase", (0.5, 0.25, 0.1)),
        records.Changed(101.0, "/frames/speed", 2.0),
        records.Moved(101.5, {"/frames/speed": 2.25}),
        records.Clock(102.0, 101.9, 4.0, 90.0, 4, 1, 3, True),
        sounded(5.0, 60, 100),
        records.Quality(103.0, 2),
    ]
    (path,) = written(tmp_path, *there)
    show = offline.read(path)
    assert list(show.records) == there and show.begun.values["/frames/fps"] == 10.0 and show.seconds == 3.0


@pytest.mark.parametrize("cut", [1, 5, 9, 30])
def test_what_a_crash_cuts_short_is_the_last_record_alone(tmp_path: Path, cut: int) -> None:
    (path,) = written(tmp_path, *(records.Changed(101.0, "/frames/speed", float(n)) for n in range(4)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    assert len(offline.read(path).records) >= 3 if cut < 20 else 2


def test_a_damaged_record_ends_what_is_believed(tmp_path: Path) -> None:
    (path,) = written(tmp_path, *(records.Changed(101.0, "/frames/speed", float(n)) for n in range(4)))
    data = bytearray(path.read_bytes())
    data[-70] ^= 0xFF
    path.write_bytes(bytes(data))
    assert len(offline.read(path).records) < 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is no journal"),
        (b"something else", "it is no journal"),
        (b"Antiphon journal 2\n", "another version"),
        (files.HEAD, "cut off"),
        (files.HEAD + b"\xff" * 100, "cut off"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "a.journal"
    path.write_bytes(content)
    with pytest.raises(files.JournalError, match=reason):
        offline.read(path)


def test_files_follow_one_another_and_the_oldest_go(tmp_path: Path) -> None:
    path = "/frames/diffusion/prompt"
    journal = Journal(tmp_path, begun, file_bytes=40_000, all_bytes=200_000)
    journal.start()
    for _ in range(20):
        before = journal.path
        journal.add(records.Changed(1.0, path, "x" * 40_000))
        assert wait_until(lambda before=before: journal.path != before, 10)
    journal.stop()
    there = sorted(tmp_path.glob("*.journal"))
    assert 2 <= len(there) < 8 and sum(file.stat().st_size for file in there) < 300_000
    assert all(offline.read(file).begun.values for file in there)


def test_a_disk_that_refuses_is_told_and_ends_nothing(tmp_path: Path) -> None:
    told: list[str] = []
    (tmp_path / "file").write_text("in the way")
    journal = Journal(tmp_path / "file" / "journal", begun, told.append)
    journal.start()
    assert wait_until(lambda: bool(told), 10)
    journal.add(sounded(0.0, 60, 1))
    journal.stop()
    assert "cannot be written and is given up" in told[0]


def test_notes_are_written_to_the_tick(tmp_path: Path) -> None:
    notes = [sounded(4.0, 60, 90, "call"), sounded(4.5, 60, 0, "call"), sounded(8.25, 64, 80), sounded(9.0, 64, 0)]
    clock = records.Clock(104.0, 104.0, 8.0, 90.0, 8, 2, 4, True)
    (path,) = written(tmp_path, *notes[:2], clock, *notes[2:], sounded(10.0, 67, 70))
    midi = offline.midi_file(offline.read(path))
    times: list[tuple[int, str, int]] = []
    for track in midi.tracks:
        at = 0
        for message in track:
            at += message.time
            if message.type in ("note_on", "note_off"):
                times.append((at, message.type, message.note))
    assert times == [
        (0, "note_on", 60), (240, "note_off", 60),
        (2040, "note_on", 64), (2400, "note_off", 64), (2880, "note_on", 67), (2880, "note_off", 67),
    ]  # fmt: skip
    assert [mido.tempo2bpm(m.tempo) for m in midi.tracks[0] if m.type == "set_tempo"] == pytest.approx([120, 90])


def test_parameters_notes_and_actions_are_there_again_at_their_time(tmp_path: Path) -> None:
    there = (
        records.Changed(100.5, "/frames/speed", 2.0),
        records.Done(101.0, "/panic", ()),
        sounded(2.5, 60, 100),
        records.Moved(101.5, {"/frames/speed": 3.0}),
        sounded(4.0, 60, 0),
    )
    playback = offline.Playback(offline.read(written(tmp_path, *there)[0]))
    moment, done = playback.until(0.0)
    assert not moment.notes and not done and playback.now("/frames/speed") == VALUES["/frames/speed"]
    moment, done = playback.until(1.4)
    assert [note.pitch for note in moment.notes if note.held] == [60] and [action.path for action in done] == ["/panic"]
    assert playback.now("/frames/speed") == 2.0 and moment.beat == pytest.approx(2.8)
    assert playback.until(2.1) and playback.now("/frames/speed") == 3.0
    assert not any(note.held for note in playback.until(2.2)[0].notes)


def test_frames_are_painted_again_alike(tmp_path: Path) -> None:
    there = (
        sounded(0.5, 60, 100),
        records.Done(100.5, "/frames/texture_ca/paint", (0.5, 0.5, 0.2, 1.0)),
        records.Changed(100.6, "/frames/texture_ca/hue", 0.5),
        sounded(2.0, 60, 0),
    )
    show = offline.read(written(tmp_path, *there)[0])
    first, second = (list(replay.frames(show, Table())) for _ in range(2))
    assert len(first) == 10 and first[0].shape == (48, 64, 3)
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))


def test_a_show_is_written_down_and_played_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From a real server, whose control is killed, and then by the command."""
    flags = ("--no-midi", "--width", "64", "--height", "48", "--show", str(tmp_path))
    with serving(*flags, stage=True) as served:
        performer = served.performer
        performer.send("/clock/tempo", 400.0)
        performer.send("/music/call_bars", 1)
        performer.send("/subscribe", "/music/note/out")
        performer.send("/music/note/in", 1, 60, 100)
        performer.send("/music/note/in", 1, 60, 0)
        performer.send("/frames/speed", 2.0)
        performer.wait("/music/note/out", lambda channel, pitch, velocity: velocity == 0)
        journal = next((tmp_path / "journal").glob("*.journal"))
        assert wait_until(lambda: _has(journal, lambda record: _ends(record, "answer")), 10)
        served.process.kill()
    notes, film = tmp_path / "notes.mid", tmp_path / "frames.mp4"
    show = offline.read(journal)
    assert records.Changed in {type(record) for record in show.records}
    assert [note.velocity for note in show.of(records.Sounded) if note.voice == "call"] == [100, 0]
    assert run(_arguments(journal, "--midi", str(notes))) == 0
    assert "1 notes heard" in capsys.readouterr().out
    assert len({m.note for m in mido.MidiFile(notes) if m.type == "note_on"}) > 1
    assert run(_arguments(journal, "--mp4", str(film))) == 1  # the stage's models are not among the shipped ones
    assert "the journal's model must be one of" in capsys.readouterr().err
    assert run(_arguments(tmp_path / "none.journal")) == 2


def _has(path: Path, wanted: Callable[[records.Record], bool]) -> bool:
    return any(wanted(record) for record in files.read(path))


def _ends(record: records.Record, voice: str) -> bool:
    return isinstance(record, records.Sounded) and record.voice == voice and record.velocity == 0


def _arguments(*given: object):  # type: ignore[no-untyped-def]
    import argparse

    from bridge.commands import replay as command

    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(part) for part in given])
