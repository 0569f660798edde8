"""MIDI clock with peers that nobody here wrote, through JACK: jack_midi_clock leads, jack_mclk_dump is led."""

import contextlib
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from jackd import JackServer, wait_until
from peers import require_program
from serving import Serving, serving

PACKAGE = "jack-midi-clock"


@pytest.fixture
def stage(jack_server: JackServer, tmp_path: Path) -> Iterator[Serving]:
    with serving(stage=True, environment={**jack_server.env, "XDG_STATE_HOME": str(tmp_path)}) as served:
        served.performer.send("/subscribe", "/clock/*", 0, 3600)
        served.performer.wait("/subscribed")
        yield served


@contextlib.contextmanager
def program(jack: JackServer, *command: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        command, env=jack.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def port(jack: JackServer, kind: str) -> str:
    return next(name for name in jack.ports() if re.search(rf"antiphon.*{kind}", name, re.IGNORECASE))


def test_jack_midi_clock_leads(stage: Serving, jack_server: JackServer) -> None:
    clock, transport = require_program("jack_midi_clock", PACKAGE), require_program("jack_transport", "jackd2")
    performer = stage.performer
    with (
        program(jack_server, clock, "-b", "120", "-P"),
        program(jack_server, transport) as hand,
    ):
        jack_server.connect("jack_midi_clock:mclk_out", port(jack_server, "in"))
        assert hand.stdin

        def say(word: str) -> None:
            hand.stdin.write(f"{word}\n")  # type: ignore[union-attr]
            hand.stdin.flush()  # type: ignore[union-attr]

        say("stop")
        say("locate 0")
        performer.send("/clock/tempo", 90.0)
        performer.send("/clock/source", "midi")
        performer.wait("/clock/source")
        say("play")
        performer.wait("/clock/tempo", lambda tempo: abs(tempo - 120) < 0.1)
        assert wait_until(lambda: performer.info("clock/state")["clock/state"] == "following", 30)
        assert "which is midi" in performer.ask_for_error("/clock/tempo", 99.0)[1]
        say("stop")
        performer.wait("/clock/playing", lambda on: on == 0)
        say("play")
        performer.wait("/clock/playing", lambda on: on == 1)
        performer.wait("/clock/bar")
        say("stop")
        performer.wait("/clock/playing", lambda on: on == 0)


def test_jack_mclk_dump_is_led(stage: Serving, jack_server: JackServer) -> None:
    dump = require_program("jack_mclk_dump", PACKAGE)
    stdbuf = require_program("stdbuf", "coreutils")
    performer = stage.performer
    with program(jack_server, stdbuf, "-oL", dump, "-n") as process:
        jack_server.connect(port(jack_server, "out"), "jack_mclk_dump:mclk_in")
        performer.send("/clock/tempo", 100.0)
        performer.send("/clock/stop")
        performer.wait("/clock/playing", lambda on: on == 0)
        performer.send("/clock/out", "*")
        performer.send("/clock/start")
        assert process.stdout
        started, ticks = False, 0
        for line in process.stdout:
            started = started or "start" in line
            ticks += "CLK" in line
            if (found := re.search(r"flt:\s*([\d.]+)\[BPM\]", line)) and abs(float(found[1]) - 100) < 1 and ticks > 24:
                break
        else:
            raise AssertionError("the dump ended")
        assert started
        performer.send("/clock/stop")
        assert any("stop" in line for line in process.stdout)
