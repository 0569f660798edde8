"""Sound through a real JACK server moves what is painted; without a device that is told."""

import io
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jackd import JackServer, wait_until
from peers import require_program
from PIL import Image
from serving import Serving, serving

CLIENTS = Path(__file__).parents[2] / "clients"
FLAGS = ("--no-midi", "--width", "64", "--height", "48")


def red(stage: Serving) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.http_port}/frame.png", timeout=30) as answer:
        return int(np.asarray(Image.open(io.BytesIO(answer.read())))[0, 0, 0])


@pytest.fixture
def tone(jack_server: JackServer) -> Iterator[str]:
    """A JACK client that hums into an output port, as long as it is there."""
    pytest.importorskip("jack", reason="JACK-Client is not installed: pip install JACK-Client")
    process = subprocess.Popen(
        [sys.executable, str(CLIENTS / "jack_hum.py"), "hum"], env=jack_server.env, stdin=subprocess.PIPE
    )
    try:
        yield "hum:out"
    finally:
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def test_sound_from_jack_is_followed(jack_server: JackServer, tone: str) -> None:
    require_program("jackd", "jackd2")
    with serving(*FLAGS, "--audio-input", "hum", stage=True, environment=jack_server.env) as stage:
        performer = stage.performer
        performer.send("/subscribe", "/error")
        performer.send("/frames/lamp/level", 0.0)
        performer.send("/mod/1/target", "/frames/lamp/level")
        performer.send("/mod/1/depth", 0.5)
        performer.send("/mod/1/follow", "mid")
        performer.send("/mod/1/source", "follow")
        if not wait_until(lambda: performer.info("audio")["audio/input"] != "none", 30):
            pytest.skip("PortAudio has no JACK here")
        assert wait_until(lambda: red(stage) > 100, 30)
        performer.send("/mod/1/source", "off")
        assert wait_until(lambda: red(stage) == 0, 30)
        assert wait_until(lambda: performer.info("audio")["audio/input"] == "none", 30)


def test_a_device_that_is_not_there_is_told() -> None:
    environment = {**os.environ, "JACK_NO_START_SERVER": "1", "JACK_DEFAULT_SERVER": "no such server"}
    with serving(*FLAGS, "--audio-input", "no such device", stage=True, environment=environment) as stage:
        stage.performer.send("/subscribe", "/error")
        stage.performer.send("/mod/1/target", "/frames/lamp/level")
        stage.performer.send("/mod/1/follow", "loudness")
        stage.performer.send("/mod/1/source", "follow")
        _, reason = stage.performer.wait("/error", lambda path, reason: "sound" in reason)
        assert "no sound comes in" in reason and "--audio-input" in reason
