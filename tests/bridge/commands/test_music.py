"""``antiphon music``: real songs in, MIDI files out."""

from pathlib import Path

import mido
import pytest

from bridge.__main__ import main
from bridge.music.reading import read
from bridge.music.uses import uses


@pytest.fixture
def song(root: Path) -> str:
    return str(root / "tests" / "data" / "midi" / "pop909" / "569.mid")


@pytest.fixture
def other(root: Path) -> str:
    return str(root / "tests" / "data" / "midi" / "pop909" / "572.mid")


PART = ("--hear", "19-22")


def test_generate_writes_the_same_for_the_same_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two, three = (str(tmp_path / name) for name in ("1.mid", "2.mid", "3.mid"))
    assert main(["music", "generate", one, "--bars", "4", "--seed", "3", "--tempo", "90"]) == 0
    assert main(["music", "generate", two, "--bars", "4"]) == 0
    seed = capsys.readouterr().out.rpartition("seed ")[2].strip()
    assert main(["music", "generate", three, "--bars", "4", "--seed", seed]) == 0
    assert Path(two).read_bytes() == Path(three).read_bytes() != Path(one).read_bytes()
    assert mido.MidiFile(one).length == pytest.approx(16 * 60 / 90, abs=0.01)


@pytest.mark.parametrize(
    ("use", "flags", "bars"),
    [
        ("continue", (*PART, "--bars", "3"), 3),
        ("vary", (*PART, "--variation", "0.8"), 4),
        ("vary", (*PART, "--bars", "2", "--chords", "C | G Am"), 2),
        ("complete", (*PART, "--gaps", "2-3"), 4),
        ("morph", (*PART, "--density", "1.5", "--register=-1"), 4),
        ("interpolate", ("--steps", "3"), 6),
    ],
)
def test_a_use_of_one_song(tmp_path: Path, song: str, use: str, flags: tuple[str, ...], bars: int) -> None:
    out = tmp_path / "out.mid"
    assert main(["music", use, song, str(out), "--seed", "1", *flags]) == 0
    tempo = read(Path(song)).tempo
    assert mido.MidiFile(out).length == pytest.approx(bars * 4 * 60 / tempo, abs=0.01)
    assert [note.channel for note in read(out).notes].count(0) > 2


def test_between_two_and_four_songs(tmp_path: Path, song: str, other: str) -> None:
    out = tmp_path / "out.mid"
    assert main(["music", "interpolate", song, other, str(out), "--seed", "1", "--bars", "6"]) == 0
    assert read(out).bars <= 6
    assert main(["music", "interpolate", song, other, other, song, str(out), "--seed", "1", "--steps", "2"]) == 0
    assert 6 < read(out).bars <= 8


def test_joined_it_comes_after_what_was_heard(tmp_path: Path, song: str) -> None:
    alone, joined = tmp_path / "alone.mid", tmp_path / "joined.mid"
    for out, flags in ((alone, ()), (joined, ("--join",))):
        assert main(["music", "vary", song, str(out), "--seed", "1", *PART, *flags]) == 0
    call = read(Path(song)).phrase(18, 22)
    first = read(joined, "call").notes
    assert [note.pitch for note in first] == [note.pitch for note in call.notes]
    assert [note.start for note in first] == pytest.approx([note.start for note in call.notes], abs=0.01)
    answer = read(alone).notes
    assert [(n.pitch, n.start - 16) for n in read(joined, "answer").notes] == [(n.pitch, n.start) for n in answer]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("vary", "{song}", "{out}", "--temperature", "3"), "temperature must be in range 0..2, got 3"),
        (("vary", "{song}", "{out}", "--seed", "x"), "seed must be a number, got 'x'"),
        (("vary", "{song}", "{out}", "--hear", "90-95"), "--hear must be bars 1..75, as 3 or 5-8, got '90-95'"),
        (("vary", "{song}", "{out}", "--hear", "1-3"), "must have bars with notes"),
        (("vary", "{out}"), "takes 1 files to hear and one to write, got 0"),
        (("vary", "{song}", "{song}"), "OUT must be another file than IN"),
        (("interpolate", "{song}", "{song}", "{song}", "{out}"), "takes 1 or 2 or 4 files"),
        (("interpolate", "{song}", "{out}", "--steps", "0"), "--steps must be 1..16, got 0"),
        (("generate", "{out}", "--beats-per-bar", "0"), "--beats-per-bar must be 1..16, got 0"),
        (("generate", "{out}", "--tempo", "1"), "--tempo must be 20..400, got 1"),
    ],
)
def test_what_can_be_mended_is_told_by_rule_and_value(
    tmp_path: Path, song: str, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], words: str
) -> None:
    out = str(tmp_path / "out.mid")
    assert main(["music", *(flag.format(song=song, out=out) for flag in flags)]) == 2
    assert words in capsys.readouterr().err
    assert not Path(out).exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("vary", "{song}", "{out}", "--bars", "2000"), "bars must be 1..1024, got 2000"),
        (("vary", "{none}", "{out}"), "none.mid"),
        (("vary", "{bad}", "{out}"), "bad.mid: not a whole MIDI file"),
        (("vary", "{song}", "{out}", "--track", "9"), "track must be one of 1 MELODY"),
        (("vary", "{song}", "{out}", *PART, "--chords", "H"), "a chord must be a symbol"),
        (("complete", "{song}", "{out}", *PART, "--gaps", "9"), "gaps must lie in the 4 bars"),
        (("generate", "{folder}/no/such/out.mid"), "no/such"),
    ],
)
def test_what_cannot_be_had_is_told(
    tmp_path: Path, song: str, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], words: str
) -> None:
    (tmp_path / "bad.mid").write_bytes(b"no midi")
    names = {"song": song, "out": str(tmp_path / "out.mid"), "folder": str(tmp_path)}
    names |= {"none": str(tmp_path / "none.mid"), "bad": str(tmp_path / "bad.mid")}
    assert main(["music", *(flag.format(**names) for flag in flags)]) == 1
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("antiphon music ") and said.count("\n") == 1
    assert not (tmp_path / "out.mid").exists()


def test_each_use_says_how_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for use, models in uses().items():
        with pytest.raises(SystemExit) as end:
            main(["music", use, "--help"])
        assert end.value.code == 0
        told = capsys.readouterr().out
        assert "OUT.mid" in told
        for name, param in models[0].actions()[use].arguments.items():
            assert isinstance(param.default, bool) or f"--{name}" in told


@pytest.mark.parametrize(
    ("use", "flags", "bars"),
    [
        ("drumify", ("--hear", "19-22"), 4),
        ("groove", (), 8),
        ("groove", ("--amount", "0.5", "--hear", "1-4"), 4),
        ("vary", ("--hear", "3-4"), 2),
        ("continue", (), 8),
        ("interpolate", ("--steps", "3"), 6),
        ("generate", ("--model", "music_drums", "--bars", "4"), 4),
    ],
)
def test_drums(tmp_path: Path, root: Path, song: str, use: str, flags: tuple[str, ...], bars: int) -> None:
    drums = root / "tests" / "data" / "midi" / "groove" / "drummer3" / "session2" / "7_rock_100_beat_4-4.mid"
    out = tmp_path / "out.mid"
    ins = [] if use == "generate" else [song] if use == "drumify" else [str(drums)]
    assert main(["music", use, *ins, str(out), "--seed", "1", *flags]) == 0
    piece = read(out)
    assert piece.drums
    assert bars - 1 <= piece.bars <= bars
    if use == "groove":
        heard = read(drums).phrase(0, bars).notes
        assert {note.pitch for note in piece.notes} <= {note.pitch for note in heard}
