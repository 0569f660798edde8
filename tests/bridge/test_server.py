"""The whole bridge, from a performer's socket and back, and what happens when parts of it die."""

import io
import os
import signal
import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import PATIENCE, Performer, Serving, serving
from stage_models import CHORD, DIE, FATAL, HANG, REFUSE

FAST = ("/clock/tempo", 400.0), ("/music/call_bars", 1), ("/music/answer_bars", 1)
"""A bar in 0.6 s."""


@pytest.fixture(scope="module")
def stage() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "64", "--height", "48", stage=True) as served:
        yield served


@pytest.fixture
def performer(stage: Serving) -> Iterator[Performer]:
    """A new performer on a stage that is reset to fast bars."""
    performer = Performer(stage.osc_port)
    for path, value in FAST:
        performer.send(path, value)
    performer.send("/music/stop")
    performer.send("/frames/fade", 0.1)
    performer.send("/frames/model", "lamp")
    performer.send("/subscribe", "/music/*")
    performer.send("/subscribe", "/music/note/*")
    performer.ping(1)
    performer.wait_until_running("music")
    yield performer
    performer.send("/panic")
    performer.wait("/panicked")
    performer.send("/unsubscribe")
    performer.ping(2)
    performer.close()


def call(performer: Performer, pitch: int = 60) -> None:
    performer.send("/music/note/in", 1, pitch, 100)
    performer.send("/music/note/in", 1, pitch, 0)


def sounding(performer: Performer) -> set[int]:
    """The pitches that the messages heard so far leave sounding."""
    notes: set[int] = set()
    for path, values in performer.heard:
        if path == "/music/note/out":
            _, pitch, velocity = values
            (notes.add if velocity else notes.discard)(pitch)
    return notes


def wait_for_chord(performer: Performer) -> None:
    performer.wait("/music/note/out", lambda *_: sounding(performer) == set(CHORD))


def wait_for_silence(performer: Performer) -> None:
    if sounding(performer):
        performer.wait("/music/note/out", lambda *_: not sounding(performer))


def frame(stage: Serving) -> np.ndarray:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.http_port}/frame.png", timeout=PATIENCE) as reply:
        return np.asarray(Image.open(io.BytesIO(reply.read())))


def wait_for_frame(stage: Serving, red: int, green: int, blue: int = 0) -> None:
    until = time.monotonic() + PATIENCE
    while (colour := tuple(frame(stage)[10, 10])) != (red, green, blue):
        assert time.monotonic() < until, f"the frame stays {colour}, awaited {(red, green, blue)}"


def test_a_call_is_answered_on_the_next_bar_and_every_note_ends(performer: Performer) -> None:
    performer.send("/subscribe", "/clock/beat")
    beat, _, _ = performer.wait("/clock/beat")
    call(performer)
    assert performer.wait("/music/state") == ["listening"]
    wait_for_chord(performer)
    wait_for_silence(performer)
    paths = [path for path, _ in performer.heard]
    onset = performer.times[paths.index("/music/note/out")]
    beats = [
        (abs(at - onset), values)
        for at, (path, values) in zip(performer.times, performer.heard, strict=True)
        if path == "/clock/beat"
    ]
    _, nearest = min(beats)
    assert nearest[0] > beat
    assert nearest[2] == 0, f"the answer began near the beat {nearest}, not on the first of a bar"
    assert performer.wait("/music/state", lambda state: state == "waiting")


def test_notes_come_with_their_length_where_that_is_asked_for(performer: Performer) -> None:
    call(performer)
    notes = [performer.wait("/music/note/length") for _ in CHORD]
    assert sorted(note[1] for note in notes) == sorted(CHORD)
    assert all(note[0] == 1 and note[2] == 90 and note[3] == pytest.approx(4.0) for note in notes)


def test_panic_ends_what_sounds_and_says_how_much(performer: Performer) -> None:
    performer.send("/music/answer_bars", 32)
    call(performer)
    wait_for_chord(performer)
    performer.send("/panic")
    assert performer.wait("/panicked") == [3]
    wait_for_silence(performer)


def test_a_killed_worker_ends_its_notes_is_reported_and_comes_back(stage: Serving, performer: Performer) -> None:
    performer.send("/music/answer_bars", 32)
    call(performer)
    wait_for_chord(performer)
    os.kill(performer.info("process/music")["process/music"], signal.SIGKILL)
    performer.wait("/error", lambda path, reason: path == "/music" and "SIGKILL" in reason)
    wait_for_silence(performer)
    performer.forget()
    performer.wait_until_running("music")
    call(performer)
    wait_for_chord(performer)


def test_the_beat_goes_on_when_the_realtime_process_is_replaced(performer: Performer) -> None:
    performer.send("/subscribe", "/clock/beat")
    before, _, _ = performer.wait("/clock/beat", lambda beat, *_: beat > 4)
    os.kill(performer.info("process/realtime")["process/realtime"], signal.SIGKILL)
    performer.wait("/error", lambda path, reason: "realtime" in reason and "SIGKILL" in reason)
    after, bar, beat_in_bar = performer.wait("/clock/beat", lambda beat, *_: beat > before)
    assert after == 4 * bar + beat_in_bar
    call(performer)
    wait_for_chord(performer)


def test_a_worker_that_dies_while_it_thinks_leaves_nothing_waiting(performer: Performer) -> None:
    call(performer, DIE)
    performer.wait("/music/state", lambda state: state == "waiting")
    performer.wait("/error", lambda path, reason: path == "/music" and "SIGKILL" in reason)


def test_a_worker_that_hangs_is_ended_and_comes_back(performer: Performer) -> None:
    call(performer, HANG)
    performer.wait("/music/state", lambda state: state == "waiting")
    performer.wait("/error", lambda path, reason: path == "/music" and "sent nothing for" in reason)
    performer.wait_until_running("music")
    performer.forget()
    call(performer)
    wait_for_chord(performer)


def test_a_refusal_of_the_model_reaches_the_performer(performer: Performer) -> None:
    call(performer, REFUSE)
    assert performer.wait("/error") == ["/music/answer", "pitch must not be 3, got 3"]


def test_answer_without_a_call_states_the_rule(performer: Performer) -> None:
    path, reason = performer.ask_for_error("/music/answer")
    assert path == "/music/answer"
    assert "nothing was heard yet" in reason


def test_parameters_are_told_to_subscribers_and_answer_when_asked(stage: Serving, performer: Performer) -> None:
    other = Performer(stage.osc_port)
    other.send("/music/temperature", 1)
    assert performer.wait("/music/temperature") == [1.0]
    assert other.ask("/music/temperature") == [1.0]
    path, reason = other.ask_for_error("/music/temperature", 5.0)
    assert (path, reason) == ("/music/temperature", "temperature must be in range 0..2, got 5.0")
    assert other.ask("/music/temperature") == [1.0]
    other.close()


def test_frames_follow_parameters_and_notes(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/lamp/level", 1.0)
    wait_for_frame(stage, 255, 0)
    performer.send("/music/note/in", 1, 60, 100)
    wait_for_frame(stage, 255, 255)
    performer.send("/music/note/in", 1, 60, 0)
    performer.send("/frames/lamp/level", 0.0)
    wait_for_frame(stage, 0, 0)
    assert frame(stage).shape == (48, 64, 3)


def test_the_last_frame_holds_when_the_painter_dies(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/lamp/level", 0.2)
    wait_for_frame(stage, 51, 0)
    performer.send("/frames/lamp/level", FATAL)
    performer.wait("/error", lambda path, reason: path == "/frames" and "SIGKILL" in reason)
    assert tuple(frame(stage)[0, 0]) == (51, 0, 0)
    performer.send("/frames/lamp/level", 0.4)
    wait_for_frame(stage, 102, 0)


def test_a_model_that_cannot_be_loaded_says_why_and_the_one_before_goes_on(
    stage: Serving, performer: Performer
) -> None:
    performer.send("/frames/lamp/level", 0.2)
    wait_for_frame(stage, 51, 0)
    performer.send("/frames/model", "broken")
    _, reason = performer.wait("/error", lambda path, reason: path == "/frames/model")
    assert reason == (
        "broken does not take the place of lamp: the model could not be loaded: its weights must be there, got none"
    )
    assert performer.ask("/frames/model") == ["lamp"]
    assert tuple(frame(stage)[0, 0]) == (51, 0, 0)
    performer.send("/frames/lamp/level", 0.8)
    wait_for_frame(stage, 204, 0)


def test_what_is_played_before_all_is_ready_is_answered() -> None:
    with serving("--no-midi", stage=True, ready=False) as stage:
        stage.wait_for_line("Listening")
        for path, value in FAST:
            stage.performer.send(path, value)
        stage.performer.send("/music/call_bars", 8)
        stage.performer.send("/subscribe", "/music/note/*")
        call(stage.performer)
        wait_for_chord(stage.performer)


def test_a_parameter_that_a_model_is_loaded_with_loads_it_anew(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/lamp/level", 0.2)
    wait_for_frame(stage, 51, 0)
    performer.send("/frames/model", "slide")
    performer.wait("/error", lambda path, reason: "could not be loaded: file must be given" in reason)
    assert tuple(frame(stage)[0, 0]) == (51, 0, 0)
    performer.send("/frames/slide/file", "40")
    performer.send("/frames/model", "slide")
    wait_for_frame(stage, 0, 0, 40)
    performer.send("/frames/slide/file", "80")
    wait_for_frame(stage, 0, 0, 80)
    performer.send("/frames/slide/file", "")
    performer.wait("/error", lambda path, reason: "could not be loaded: file must be given" in reason)
    assert performer.ask("/frames/slide/file") == ["80"]
    performer.send("/frames/model", "lamp")
    wait_for_frame(stage, 51, 0)


def test_sigterm_ends_everything() -> None:
    with serving("--no-midi", stage=True) as stage:
        performer = stage.performer
        for path, value in FAST:
            performer.send(path, value)
        performer.send("/subscribe", "/music/note/*")
        call(performer)
        wait_for_chord(performer)
        children = stage.children()
        stage.process.terminate()
        wait_for_silence(performer)
        assert stage.process.wait(PATIENCE) == 0
        wait_for_the_end_of(children)
    assert "Traceback" not in "".join(stage.lines)


def test_kill_9_of_control_ends_notes_and_processes() -> None:
    with serving("--no-midi", stage=True) as stage:
        performer = stage.performer
        for path, value in FAST:
            performer.send(path, value)
        performer.send("/music/answer_bars", 32)
        performer.send("/subscribe", "/music/note/*")
        call(performer)
        wait_for_chord(performer)
        children = stage.children()
        assert len(children) >= 4
        stage.process.kill()
        wait_for_silence(performer)
        wait_for_the_end_of(children)


def wait_for_the_end_of(processes: dict[int, str]) -> None:
    until = time.monotonic() + PATIENCE
    while left := [processes[pid] for pid in processes if alive(pid)]:
        assert time.monotonic() < until, f"still there: {left}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("kind", ["osc", "http"])
def test_a_port_already_taken_is_named_with_its_flag(kind: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM if kind == "osc" else socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == "http":
            taken.listen()
        port = taken.getsockname()[1]
        with serving(f"--{kind}-port", str(port), ready=False) as refused:
            assert refused.process.wait(PATIENCE) == 1
        said = "".join(refused.lines)
        assert str(port) in said
        assert f"--{kind}-port" in said
        assert "Traceback" not in said


def test_first_values_come_from_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "show.toml"
    file.write_text('midi = false\n[parameters]\n"/clock/tempo" = 90\n')
    with serving("--config", str(file), stage=True) as stage:
        assert stage.performer.ask("/clock/tempo") == [90.0]
    file.write_text('[parameters]\n"/clock/tempo" = 9\n')
    with serving("--config", str(file), ready=False) as refused:
        assert refused.process.wait(PATIENCE) == 2
    assert "tempo must be in range 20..400, got 9" in "".join(refused.lines)
