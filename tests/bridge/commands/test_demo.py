"""``antiphon demo``: with models that answer at once, with the embedded ones, and where it cannot work."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import av
import mido
import numpy as np
import pytest
from jackd import JackServer
from PIL import Image

from bridge import weights
from bridge.__main__ import main
from bridge.demo import run as demo_run
from bridge.demo.run import DemoError, Plan, demo
from bridge.demo.songs import ODE_TO_JOY, SIMPLE_GIFTS
from bridge.demo.synth import TAIL
from bridge.measure.report import read
from models.contract import discover

CLIENTS = Path(__file__).parents[2] / "clients"
STAGE = (sys.executable, "-W", "error", str(CLIENTS / "serve_demo_stage.py"))
FIFTH = 7
TEMPO = 180.0
"""As fast as these calls can be before their last note comes too late to be answered."""
MUSIC = 8 * 4 * 60 / TEMPO
"""Seconds of eight bars."""
FILES = {"demo.mid", "demo.png", "demo.wav", "demo.mp4", "demo.json"}


@pytest.fixture(autouse=True)
def stage_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage's worker processes find its models, and the code under test."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(CLIENTS), str(CLIENTS.parents[1])]))


def pitches(file: Path, track: int) -> list[int]:
    return [m.note for m in mido.MidiFile(str(file)).tracks[track] if m.type == "note_on"]


def test_calls_are_answered_and_shown(tmp_path: Path) -> None:
    said: list[str] = []
    demo(tmp_path, Plan(tempo=TEMPO, midi=False, command=STAGE), said.append)
    assert {file.name for file in tmp_path.iterdir()} == FILES
    called = [note.pitch for song in (ODE_TO_JOY, SIMPLE_GIFTS) for note in song.phrase.notes]
    assert pitches(tmp_path / "demo.mid", 0) == called
    assert pitches(tmp_path / "demo.mid", 1) == [pitch + FIFTH for pitch in called]
    assert [line for line in said if line.startswith("bar ")] == [
        "bar 1: calling with Ode to Joy over OSC",
        "bar 3: the answer begins",
        "bar 5: calling with Simple Gifts over OSC",
        "bar 7: the answer begins",
    ]
    figures = {figure.name: figure.value for figure in read(tmp_path / "demo.json").figures}
    assert None not in figures.values()
    with av.open(str(tmp_path / "demo.mp4")) as container:
        shades = [frame.to_ndarray(format="rgb24")[256, 256] for frame in container.decode(video=0)]
    lit = np.array([shade[1] > 130 for shade in shades])
    music = len(lit) * MUSIC / (MUSIC + TAIL)
    assert 0.5 * music < lit.sum() < 1.05 * music, "the frames are lit while a note is held"


def test_a_call_over_midi(jack_server: JackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if Path("/dev/snd/seq").exists():
        pytest.skip("the demo would take ALSA's sequencer")
    for name, value in jack_server.env.items():
        monkeypatch.setenv(name, value)
    said: list[str] = []
    demo(tmp_path, Plan(tempo=TEMPO, command=STAGE, songs=(SIMPLE_GIFTS,)), said.append)
    assert "bar 1: calling with Simple Gifts over MIDI" in said
    called = [note.pitch for note in SIMPLE_GIFTS.phrase.notes]
    assert pitches(tmp_path / "demo.mid", 1) == [pitch + FIFTH for pitch in called]


def test_an_answer_of_silence_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import msgspec

    low = msgspec.structs.replace(ODE_TO_JOY.phrase.notes[0], pitch=0)
    phrase = msgspec.structs.replace(ODE_TO_JOY.phrase, notes=(low,))
    song = msgspec.structs.replace(ODE_TO_JOY, phrase=phrase)
    with pytest.raises(DemoError, match="no answer to Ode to Joy"):
        demo(tmp_path, Plan(tempo=240.0, midi=False, command=STAGE, songs=(song,)), lambda _: None)
    assert {file.name for file in tmp_path.iterdir()} == FILES, "what there is, is shown"
    with Image.open(tmp_path / "demo.png") as picture:
        assert picture.width == 1600


def test_a_full_disk_is_found_out_before_playing(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_run, "ServerProcess", lambda *_: pytest.fail("it played"))
    with pytest.raises(DemoError, match=rf"cannot write {tiny_disk}: No space left on device; .*--out"):
        demo(tiny_disk, Plan(midi=False), lambda _: None)
    assert not list(tiny_disk.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["demo", "--out", str(tmp_path / "file" / "out")]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_a_server_that_does_not_start(tmp_path: Path) -> None:
    failing = (sys.executable, "-c", "import sys; sys.exit('cannot start: the port is taken')")
    with pytest.raises(DemoError, match="the port is taken"):
        demo(tmp_path, Plan(midi=False, command=failing), lambda _: None)
    assert not list(tmp_path.iterdir())


def test_the_embedded_models(tmp_path: Path) -> None:
    """As a user runs it."""
    missing = [file for model in discover() for file in model.weights if not (weights.FOLDER / file).is_file()]
    if missing:
        pytest.skip(f"the embedded models' weights are not all there: {', '.join(missing)}")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "bridge", "demo", "--out", str(tmp_path / "out")],
        cwd=CLIENTS.parents[1],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert {file.name for file in (tmp_path / "out").iterdir()} == FILES
    answers = mido.MidiFile(str(tmp_path / "out" / "demo.mid")).tracks[1]
    assert sum(message.type == "note_on" for message in answers) >= 4
    figures = {f["name"]: f["value"] for f in json.loads((tmp_path / "out" / "demo.json").read_text())["figures"]}
    assert figures["frames_per_second"] > 1


@pytest.mark.skipif(sys.platform == "win32", reason="a test cannot press Ctrl-C there without ending itself")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_demo_that_is_stopped_ends_its_server(tmp_path: Path, number: int, status: int) -> None:
    program = (
        "import sys\n"
        "from bridge.__main__ import main\n"
        "from bridge.demo import run\n"
        "plan = run.Plan(command=tuple(sys.argv[2:]), midi=False)\n"
        "run.Plan = lambda **_: plan\n"
        "sys.exit(main(['demo', '--out', sys.argv[1]]))\n"
    )
    wrapped = (sys.executable, "-c", RECORD_PID, str(tmp_path / "pid"), *STAGE)
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(out), *wrapped], cwd=CLIENTS.parents[1], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        for line in process.stdout:
            if line.startswith("bar 1:"):
                process.send_signal(number)
                break
        assert process.wait(60) == status
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert not list(out.iterdir())


RECORD_PID = (
    "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text(str(os.getpid()));"
    " os.execv(sys.executable, [sys.executable, *sys.argv[3:]])"
)
"""Write down which process the server will be, then be it; a server of its own is a command after its interpreter."""
