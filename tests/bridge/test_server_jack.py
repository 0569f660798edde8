"""The whole bridge on a real JACK server, watched from outside."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from jack import Dump, JackServer
from serving import CLIENTS, PATIENCE, Performer, Serving, serving
from stage_models import CHORD

CHORD_SOUNDS = {(0, pitch) for pitch in CHORD}


def chord_sounds(dump: Dump) -> bool:
    return dump.sounding == CHORD_SOUNDS


def nothing_sounds(dump: Dump) -> bool:
    return not dump.sounding


@pytest.fixture
def stage(jack_server: JackServer) -> Iterator[Serving]:
    with serving(stage=True, environment=jack_server.env) as served:
        for path, value in (("/clock/tempo", 400.0), ("/music/call_bars", 1), ("/music/answer_bars", 32)):
            served.performer.send(path, value)
        served.performer.send("/subscribe", "/music/state")
        served.performer.wait("/subscribed")
        yield served


def port(jack: JackServer, kind: str) -> str:
    """Our own input or output port, as JACK names it."""
    found = [name for name in jack.ports() if re.search(rf"antiphon.*{kind}", name, re.IGNORECASE)]
    assert found, jack.ports()
    return found[0]


@contextlib.contextmanager
def keyboard(jack: JackServer) -> Iterator[Callable[[int, int], None]]:
    """A foreign client connected to our input; call with pitch and velocity."""
    program = [sys.executable, str(CLIENTS / "keyboard.py"), port(jack, "in")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, text=True, env=jack.env) as process:
        assert process.stdin
        stdin = process.stdin

        def play(pitch: int, velocity: int) -> None:
            stdin.write(f"{pitch} {velocity}\n")
            stdin.flush()

        yield play
        stdin.close()
        assert process.wait(PATIENCE) == 0


def call(performer: Performer) -> None:
    performer.send("/music/note/in", 1, 60, 100)
    performer.send("/music/note/in", 1, 60, 0)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda stage: stage.process.kill(), id="kill -9 of control"),
        pytest.param(lambda stage: stage.process.send_signal(signal.SIGINT), id="Ctrl-C"),
        pytest.param(
            lambda stage: os.kill(stage.performer.info("process/music")["process/music"], signal.SIGKILL),
            id="kill -9 of the music worker",
        ),
        pytest.param(lambda stage: stage.performer.send("/panic"), id="panic"),
        pytest.param(lambda stage: stage.performer.send("/music/stop"), id="stop"),
    ],
)
def test_no_note_is_left_sounding(stage: Serving, jack_server: JackServer, fault: Callable[[Serving], None]) -> None:
    with jack_server.dump(port(jack_server, "out")) as dump:
        call(stage.performer)
        assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
        fault(stage)
        assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes
        assert len(dump.notes) == 2 * len(CHORD)


def test_notes_played_over_midi_are_answered_over_midi(stage: Serving, jack_server: JackServer) -> None:
    with jack_server.dump(port(jack_server, "out")) as dump, keyboard(jack_server) as play:
        play(62, 90)
        play(62, 0)
        assert stage.performer.wait("/music/state") == ["listening"]
        assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
        stage.performer.send("/music/stop")
        assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes
