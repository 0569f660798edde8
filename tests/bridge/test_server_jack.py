"""The whole bridge on a real JACK server, watched from outside."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from jackd import Dump, JackServer, running_server
from serving import CLIENTS, PATIENCE, Performer, Serving, serving
from stage_models import CHORD

from bridge.realtime import connections

CHORD_SOUNDS = {(0, pitch) for pitch in CHORD}


def chord_sounds(dump: Dump) -> bool:
    return dump.sounding == CHORD_SOUNDS


def nothing_sounds(dump: Dump) -> bool:
    return not dump.sounding


@pytest.fixture
def stage(jack_server: JackServer) -> Iterator[Serving]:
    with begun(jack_server.env) as served:
        yield served


@contextlib.contextmanager
def begun(environment: Mapping[str, str]) -> Iterator[Serving]:
    """A server whose answers come quickly and are held for longer than PATIENCE."""
    with serving(stage=True, environment=environment) as served:
        for path, value in (("/clock/tempo", 200.0), ("/music/call_bars", 1), ("/music/answer_bars", 32)):
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
def keyboard(jack: JackServer, to: str = "in", name: str = "keyboard") -> Iterator[Callable[[int, int], None]]:
    """A foreign client connected to our input; call with pitch and velocity."""
    program = [sys.executable, str(CLIENTS / "keyboard.py"), port(jack, to), name]
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


HARD = [bytes((0xB0 | channel, controller, 0)) for channel in range(16) for controller in (123, 120)]


def test_a_hard_panic_asks_for_silence_on_every_channel(stage: Serving, jack_server: JackServer) -> None:
    with jack_server.dump(port(jack_server, "out")) as dump:
        call(stage.performer)
        assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
        stage.performer.send("/panic", 1)
        assert dump.wait_for(lambda dump: [seen.data for seen in dump.seen][-len(HARD) :] == HARD, PATIENCE), dump.seen
        assert nothing_sounds(dump)


def test_an_output_plays_in_its_own_way(stage: Serving, jack_server: JackServer) -> None:
    stage.performer.send("/midi/1/transpose", 12)
    stage.performer.send("/midi/1/channel", 3)
    stage.performer.ping(1)
    with jack_server.dump(port(jack_server, "out")) as dump:
        call(stage.performer)
        assert dump.wait_for(lambda dump: dump.sounding == {(2, pitch + 12) for pitch in CHORD}, PATIENCE), dump.notes
        stage.performer.send("/midi/1/on", 0)
        assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes


def test_kill_9_of_realtime_leaves_no_note_sounding_and_its_connections_come_back(
    stage: Serving, jack_server: JackServer
) -> None:
    with jack_server.dump(port(jack_server, "out")) as dump:
        for _ in range(2):  # the second chord comes over the restored connection
            call(stage.performer)
            assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
            os.kill(int(stage.performer.info("process/realtime")["process/realtime"]), signal.SIGKILL)
            assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes


def test_what_a_killed_bridge_left_sounding_the_next_one_ends(jack_server: JackServer, tmp_path: Path) -> None:
    environment = jack_server.env | {"ANTIPHON_STATE": str(tmp_path)}
    with jack_server.dump(name="left") as dump, contextlib.ExitStack() as first:
        served = first.enter_context(begun(environment))
        jack_server.connect("Antiphon:out", "left:input")
        call(served.performer)
        assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
        for pid in (served.performer.info("process/realtime")["process/realtime"], served.process.pid):
            os.kill(int(pid), signal.SIGKILL)
        first.close()
        assert chord_sounds(dump)
        with serving(stage=True, environment=environment):
            assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes
    assert [path.name for path in tmp_path.iterdir()] == [connections.FILE]


def test_a_port_that_was_unplugged_is_silenced_when_it_is_back(stage: Serving, jack_server: JackServer) -> None:
    ours = port(jack_server, "out")
    with jack_server.dump(ours, name="plugged") as dump:
        call(stage.performer)
        assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
    with jack_server.dump(name="plugged") as dump:
        assert dump.wait_for(lambda dump: {note[:2] for note in dump.notes} == CHORD_SOUNDS, PATIENCE), dump.notes
        assert nothing_sounds(dump)


def test_after_a_restart_of_jack_ports_and_connections_are_back_and_nothing_sounds() -> None:
    with contextlib.ExitStack() as first:
        server = first.enter_context(running_server())
        with begun(server.env) as served:
            with server.dump(port(server, "out"), name="synth") as dump:
                call(served.performer)
                assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
                server.process.kill()
                served.performer.send("/subscribe", "*")
                first.close()
            with running_server(server.name) as again, again.dump(name="synth") as dump:
                ended = {(*note, 0) for note in CHORD_SOUNDS}
                assert dump.wait_for(lambda dump: set(dump.notes) == ended, PATIENCE), dump.notes
                served.performer.send("/music/stop")
                call(served.performer)
                assert dump.wait_for(chord_sounds, PATIENCE), dump.notes
                served.performer.send("/panic")
                assert dump.wait_for(nothing_sounds, PATIENCE), dump.notes


def test_two_devices_that_send_the_same_are_told_apart_by_name(jack_server: JackServer, tmp_path: Path) -> None:
    flags = ("--midi-input", "pads,stand", "--show", str(tmp_path))
    with contextlib.ExitStack() as devices:
        stage = devices.enter_context(serving(*flags, stage=True, environment=jack_server.env))
        performer = stage.performer
        for pattern in ("/music/note/heard", "/music/hold", "/map/learnt", "/map/links"):
            performer.send("/subscribe", pattern)
            performer.wait("/subscribed")
        pads = devices.enter_context(keyboard(jack_server, "in$", "pads"))
        stand = devices.enter_context(keyboard(jack_server, "in 2$", "stand"))
        performer.send("/map/set", "note:1:61@not there", "/music/listen")  # which is no error
        performer.wait("/map/links")
        performer.send("/map/learn", "/music/hold")
        performer.ping(1)
        pads(61, 90)
        performer.wait("/music/hold", bool)
        assert performer.wait("/map/learnt") == ["note:1:61@pads:keys", "/music/hold"]
        for device in (stand, pads):  # the first does nothing, or the second would switch it on again
            device(61, 90)
            performer.wait("/music/note/heard", lambda channel, pitch, velocity: velocity == 90)
        performer.wait("/music/hold", lambda on: not on)
        performer.ping(2)
        assert [values for path, values in performer.heard if path == "/music/hold"] == [[True], [False]]
        assert performer.ask("/music/listen") == [True]
