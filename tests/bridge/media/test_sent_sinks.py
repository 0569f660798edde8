"""The sinks that send by themselves: the test card through each, read back by a receiver that nobody here wrote."""

import importlib.util
import json
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from peers import require_program
from sink_stage import PATIENCE, Stage

from bridge.client.server import free_ports
from bridge.measure.card import error_of, number_of
from bridge.media import messages
from bridge.media.sinks.jitnet import JitNet
from bridge.media.sinks.mpegts import MpegTs
from bridge.media.sinks.recorder import Recorder
from bridge.media.sinks.virtual_camera import VirtualCamera

CLIENTS = Path(__file__).parents[2] / "clients"
QUICK = ("-v", "error", "-probesize", "65536", "-analyzeduration", "300000")
"""FFmpeg listens to a stream for five seconds otherwise, before it decodes it."""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "recordings") as stage:
        stage.write()
        yield stage


def eventually(found: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not found():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_jit_net(stage: Stage, tmp_path: Path) -> None:
    """A receiver that is there first; it answers, and the sender waits for its answers."""
    port_file, out = tmp_path / "port", tmp_path / "cells"
    command = [sys.executable, str(CLIENTS / "jit_net_recv.py"), str(port_file), "12", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        eventually(port_file.exists)
        with stage.painting(), stage.running(JitNet, port=int(port_file.read_text())):
            printed, _ = receiver.communicate(timeout=PATIENCE)
    told = json.loads(printed)
    assert (told["planes"], told["type"], told["sizes"]) == (4, 0, [256, 192])
    cells = np.frombuffer(out.read_bytes(), np.uint8).reshape(192, 256, 4)
    assert (cells[..., 0] == 255).all()  # opaque: Max's planes are alpha, red, green, blue
    number = number_of(cells[..., 1:])
    assert number and (cells[..., 1:] == stage.card.pixels(number)).all()


def test_a_receiver_may_come_later_and_again(stage: Stage) -> None:
    port = free_ports(1)[0]
    with stage.painting(), stage.running(JitNet, port=port) as running:
        problem = running.wait_for(messages.Problem)
        assert problem.text.startswith(f"jitnet: no jit.net.recv listens at 127.0.0.1 port {port} (")
        assert problem.text.endswith("; tried again every 1 s")
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)) as listener:
                connection, _ = listener.accept()
                assert connection.recv(4) == b"JMTX"
                connection.close()
        assert running.process.is_alive()


def test_a_sink_holds_frames_back_and_is_not_made_anew_for_it(stage: Stage) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener, stage.painting(), stage.running(JitNet, port=listener.getsockname()[1], delay=300.0) as running:
        connection, _ = listener.accept()
        drained = threading.Thread(target=lambda: [None for _ in iter(lambda: connection.recv(1 << 20), b"")])
        drained.start()
        running.wait_for(messages.Alive, lambda alive: alive.figures.get("age_p50_ms", 0.0) >= 300)
        running.set(delay=0.0)
        running.wait_for(messages.Alive, lambda alive: 0 < alive.figures.get("age_p50_ms", 300) < 300)
        assert not select.select([listener], [], [], 0)[0]  # and is still the same connection
        running.stop()
        drained.join(PATIENCE)
        connection.close()


def test_another_port_is_taken_at_once(stage: Stage) -> None:
    one, two = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    with one, two, stage.painting(), stage.running(JitNet, port=one.getsockname()[1]) as running:
        one.accept()[0].close()
        running.set(port=two.getsockname()[1])
        connection, _ = two.accept()
        assert connection.recv(4) == b"JMTX"
        connection.close()


def test_ffmpeg_takes_mpegts_over_udp(stage: Stage) -> None:
    ffmpeg = require_program("ffmpeg", "ffmpeg")
    address = f"udp://127.0.0.1:{free_ports(1)[0]}"
    with stage.painting(30), stage.running(MpegTs, url=address):
        picture = one_picture(ffmpeg, address, 256, 192)
    assert number_of(picture) and error_of(picture) <= 12


def test_ffmpeg_listens_for_mpegts_over_tcp(stage: Stage) -> None:
    """Whichever is there first: the sink tries again until somebody listens."""
    ffmpeg = require_program("ffmpeg", "ffmpeg")
    address = f"tcp://127.0.0.1:{free_ports(1)[0]}"
    with stage.painting(30), stage.running(MpegTs, url=address) as running:
        assert "tried again every 1 s" in running.wait_for(messages.Problem).text
        picture = one_picture(ffmpeg, f"{address}?listen=1", 256, 192)
    assert number_of(picture) and error_of(picture) <= 12


def test_a_wrong_address_is_told_and_waited_with(stage: Stage) -> None:
    with stage.painting(), stage.running(MpegTs, url="file:///etc/passwd") as running:
        text = running.wait_for(messages.Failed).text
        assert text == "url must be udp://HOST:PORT or tcp://HOST:PORT, got 'file:///etc/passwd'"
        assert running.process.is_alive()
        running.set(url=f"udp://127.0.0.1:{free_ports(1)[0]}")
        assert running.wait_for(messages.Alive, lambda alive: alive.figures.get("fps", 0) > 0)


def one_picture(ffmpeg: str, source: str, width: int, height: int, frame: int = 10) -> np.ndarray:
    """A frame of a stream, as ffmpeg decodes it."""
    command = [
        ffmpeg,
        *QUICK,
        "-i",
        source,
        "-frames:v",
        "1",
        "-vf",
        f"select=gte(n\\,{frame})",
    ]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    raw = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(height, width, 3)


def test_the_recorder_keeps_frames_and_notes_in_time(stage: Stage, tmp_path: Path) -> None:
    import av
    import mido

    from bridge.clocks import now

    begun: dict[int, float] = {}
    with stage.running(Recorder, file_name="a show") as running, stage.painting(30):
        eventually(lambda: list((tmp_path / "recordings").glob("a show *.mp4")))
        first = running.wait_for(messages.Alive, lambda alive: alive.figures.get("fps", 0) > 0)
        assert first
        for pitch in (60, 64, 67):
            begun[pitch] = now()
            stage.page.begin("answer", 0, pitch, 90, begun[pitch])
            number = stage.ring.newest
            eventually(lambda wanted=number + 6: stage.ring.newest >= wanted)
            stage.page.end("answer", 0, pitch, now())
        number = stage.ring.newest
        eventually(lambda: stage.ring.newest >= number + 6)
    (video,), (notes,) = (list((tmp_path / "recordings").glob(f"a show *.{end}")) for end in ("mp4", "mid"))
    with av.open(str(video)) as container:
        frames = [(float(frame.time or 0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert frames[0][0] == 0 and error_of(frames[-1][1]) <= 12
    numbers = [number_of(picture) for _, picture in frames]
    assert None not in numbers and numbers == sorted(numbers)  # type: ignore[type-var]
    heard, time_s = [], 0.0
    for message in mido.MidiFile(notes):
        time_s += message.time
        if message.type == "note_on":
            heard.append((message.note, message.velocity, time_s))
    assert [(pitch, velocity) for pitch, velocity, _ in heard] == [(60, 90), (64, 90), (67, 90)]
    gaps = [begun[67] - begun[60], begun[64] - begun[60]]
    assert heard[2][2] - heard[0][2] == pytest.approx(gaps[0], abs=0.01)
    assert heard[1][2] - heard[0][2] == pytest.approx(gaps[1], abs=0.01)
    assert frames[-1][0] == pytest.approx(time_s, abs=1.0)  # both end when it is turned off


def test_what_was_recorded_can_be_read_after_a_kill(stage: Stage, tmp_path: Path) -> None:
    import av

    with stage.running(Recorder) as running, stage.painting(60):
        running.wait_for(messages.Alive, lambda alive: alive.figures.get("fps", 0) > 0)
        number = stage.ring.newest
        eventually(lambda: stage.ring.newest > number + 90)  # a key frame, and so a fragment, comes every 30
        running.process.kill()
        running.process.join(PATIENCE)
    (video,) = (tmp_path / "recordings").glob("*.mp4")
    with av.open(str(video)) as container:
        numbers = [number_of(frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert len(numbers) > 10 and None not in numbers


@pytest.mark.parametrize("name", ["../elsewhere", "/tmp/x", ".hidden", "a\0b", "a/b", "a\\b"])
def test_the_recorder_writes_in_its_folder_only(stage: Stage, tmp_path: Path, name: str) -> None:
    from bridge.media.endpoint import EndpointError

    with pytest.raises(EndpointError, match="a name must be of letters"):
        Recorder(stage.places, {"file_name": name})
    assert not (tmp_path / "recordings").exists()


def test_a_missing_extra_is_named(stage: Stage) -> None:
    if importlib.util.find_spec("pyvirtualcam") is not None:
        pytest.skip("pyvirtualcam is installed")
    with stage.running(VirtualCamera) as running:
        text = running.wait_for(messages.Failed).text
        assert text.startswith("virtual_camera needs packages that are not installed (pyvirtualcam")
        assert "pip install 'antiphon[virtual-camera]'" in text
