"""``antiphon train``: what it can train, on a user's own folder of MIDI files; hostile and empty folders."""

import json
import sys
from pathlib import Path

import pytest
from midi_songs import melody_song

from bridge import trainings
from bridge.__main__ import main
from bridge.announce import Announcement

FAST = ["--steps", "2", "--batch", "8", "--z-size", "8", "--encoder", "16", "--decoder", "16", "16"]


def test_the_trainings_are_found_by_their_modules(capsys: pytest.CaptureFixture[str]) -> None:
    assert "music-vae" in trainings.names()
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    said = capsys.readouterr().out
    assert all(name in said for name in trainings.names())


def test_its_kinds_are_the_trainers() -> None:
    pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    from bridge.trainings.music_vae import KINDS
    from models.music_vae.training import kinds

    assert tuple(kinds.KINDS) == KINDS


def test_a_folder_of_ones_own_is_learnt_and_gone_on_with(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    announced: list[float] = []
    monkeypatch.setattr(Announcement, "__call__", lambda self, progress, figures: announced.append(progress))
    from models.music_vae import from_checkpoint

    songs, out = tmp_path / "songs", tmp_path / "out"
    (songs / "deeper").mkdir(parents=True)
    for number in range(10):
        melody_song(songs / "deeper" / f"{number}.mid", number)
    (songs / "broken.mid").write_bytes(b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\0\0\xff\xff")
    (songs / "empty.mid").write_bytes(b"")
    melody_song(songs / "short.mid", 0, notes=6)
    (songs / "notes.txt").write_text("no MIDI")
    command = ["train", "music-vae", "--data", str(songs), "--out", str(out), *FAST]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "left out broken.mid: " in said
    assert "left out empty.mid: " in said
    assert "1 songs have no two bars of 4/4 melody: short.mid" in said
    assert "100%" in said
    assert announced[0] == 0.0 and announced[-1] == 1.0
    assert from_checkpoint(out / "melody_2bar.safetensors").config.name == "cat-mel_2bar_small"
    assert main(command) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main([*command, "--resume", "--steps", "3"]) == 0
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text().splitlines()]
    assert steps == [2, 3]


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ([], "no .mid or .midi file"),
        (["--data", "{tmp}/none"], "is not a folder"),
        (["--steps", "0"], "steps must be 1 or more"),
        (["--z-size", "0"], "z_size must be 1..8192"),
        (["--out", "{tmp}/file"], "file"),
    ],
)
def test_what_will_not_do_is_said(
    flags: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    (tmp_path / "file").write_text("")
    (tmp_path / "songs").mkdir()
    command = ["train", "music-vae", "--data", str(tmp_path / "songs"), "--out", str(tmp_path / "out")]
    assert main([*command, *(flag.replace("{tmp}", str(tmp_path)) for flag in flags)]) == 2
    assert reason in capsys.readouterr().err


def test_a_folder_without_two_bars_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    melody_song(tmp_path / "one.mid", 1)
    assert main(["train", "music-vae", "--data", str(tmp_path), "--kind", "drums", "--out", str(tmp_path / "o")]) == 2
    said = capsys.readouterr().err
    assert "no drums" in said
    assert "none of the 0 songs" in said


def test_without_torch_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("models.music_vae.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["train", "music-vae", "--data", str(tmp_path), "--out", str(tmp_path)]) == 2
    assert "pip install 'antiphon[torch]'" in capsys.readouterr().err
