"""Sinks over OSC: several at once, started and stopped while the bridge plays, each with a fate of its own."""

import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import PATIENCE, Serving, serving


@pytest.fixture(scope="module")
def served() -> Iterator[Serving]:
    with serving("--no-midi", stage=True) as served:
        served.performer.send("/subscribe", "/error", 0, 3600.0)
        served.performer.send("/subscribe", "/sinks/*/*", 0, 3600.0)
        yield served


class Receiver:
    """Waits for a connection like a jit.net.recv."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE)
        self.port: int = self._listener.getsockname()[1]

    def connection(self) -> socket.socket:
        connection, _ = self._listener.accept()
        connection.settimeout(PATIENCE)
        assert connection.recv(4) == b"JMTX"
        return connection

    def close(self) -> None:
        self._listener.close()


def until_closed(connection: socket.socket) -> None:
    try:
        while connection.recv(1 << 20):
            pass
    except ConnectionError:
        pass
    connection.close()


def status(served: Serving, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{served.http_port}{path}", timeout=PATIENCE) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_sink_starts_survives_its_death_and_stops_while_another_runs(served: Serving) -> None:
    performer, receiver = served.performer, Receiver()
    performer.send("/sinks/jitnet/port", receiver.port)
    performer.send("/sinks/mpegts/on", 1)
    performer.send("/sinks/jitnet/on", 1)
    connection = receiver.connection()
    pids = performer.info("process/sinks")
    assert set(pids) == {"process/sinks/jitnet", "process/sinks/mpegts"}
    os.kill(pids["process/sinks/jitnet"], signal.SIGKILL)
    performer.wait("/error", lambda path, reason: path == "/sinks/jitnet/on" and "SIGKILL" in reason)
    until_closed(connection)
    again = receiver.connection()
    assert performer.info("process/sinks/mpegts") == {"process/sinks/mpegts": pids["process/sinks/mpegts"]}
    performer.send("/sinks/jitnet/on", 0)
    until_closed(again)
    assert set(performer.info("process/sinks")) == {"process/sinks/mpegts"}
    performer.send("/sinks/mpegts/on", 0)
    receiver.close()


def test_a_sink_that_keeps_dying_stays_on_and_is_tried_again(served: Serving) -> None:
    performer, before, receiver = served.performer, Receiver(), Receiver()
    performer.send("/sinks/jitnet/port", before.port)
    performer.send("/sinks/jitnet/on", 1)
    reason = ""
    while "every 30 s" not in reason:
        performer.wait_until_running("sinks/jitnet")
        pid = performer.info("process/sinks/jitnet")["process/sinks/jitnet"]
        os.kill(pid, signal.SIGKILL)
        _, reason = performer.wait("/error", lambda path, _: path == "/sinks/jitnet/on")
    assert performer.ask("/sinks/jitnet/on") == [True]
    performer.send("/sinks/jitnet/port", receiver.port)
    performer.send("/sinks/jitnet/on", 1)  # at once, rather than in a while
    connection = receiver.connection()
    performer.send("/sinks/jitnet/on", 0)
    until_closed(connection)
    before.close()
    receiver.close()


def test_what_cannot_work_is_told_and_turned_off(served: Serving) -> None:
    served.performer.send("/sinks/mpegts/url", "nowhere")
    served.performer.send("/sinks/mpegts/on", 1)
    _, reason = served.performer.wait("/error", lambda path, _: path == "/sinks/mpegts/on")
    assert reason == "url must be udp://HOST:PORT or tcp://HOST:PORT, got 'nowhere'"
    assert served.performer.wait("/sinks/mpegts/on") == [False]
    assert not served.performer.info("process/sinks")


def test_what_is_served_is_turned_off_and_on(served: Serving) -> None:
    performer = served.performer
    while status(served, "/frame.jpg")[0] != 200:
        pass
    performer.send("/sinks/still/on", 0)
    while (answer := status(served, "/frame.jpg"))[0] == 200:
        pass
    assert answer == (503, "still is off: /sinks/still/on 1 turns it on\n")
    performer.send("/sinks/still/on", 1)
    while status(served, "/frame.jpg")[0] != 200:
        pass


def test_frames_are_found_in_shared_memory_by_the_port(served: Serving) -> None:
    from bridge.media.ring import FrameRing, shared_name

    ring = FrameRing.attach(shared_name(served.http_port))
    while (frame := ring.latest()) is None:
        pass
    assert frame.model
    ring.close()


def test_a_source_is_turned_on_over_osc(served: Serving, tmp_path: Path) -> None:
    from PIL import Image

    from bridge.media.ring import FrameRing, shared_name

    performer = served.performer
    performer.send("/subscribe", "/sources/*/on", 0, 3600.0)
    performer.send("/sources/file/path", str(tmp_path / "nothing.png"))
    performer.send("/sources/file/on", 1)
    _, reason = performer.wait("/error", lambda path, _: path == "/sources/file/on")
    assert reason.startswith("path must be a file or a URL")
    assert performer.wait("/sources/file/on", lambda on: not on) == [False]
    Image.new("RGB", (40, 30), (9, 8, 7)).save(tmp_path / "still.png")
    performer.send("/sources/file/path", str(tmp_path / "still.png"))
    performer.send("/sources/file/on", 1)
    ring = FrameRing.attach(f"{shared_name(served.http_port)}-in")
    while (frame := ring.latest()) is None:
        pass
    assert frame.pixels.shape == (30, 40, 3) and frame.pixels[0, 0].tolist() == [9, 8, 7]
    ring.close()
    body = (tmp_path / "still.png").read_bytes()
    put = urllib.request.Request(f"http://127.0.0.1:{served.http_port}/source/image", body, method="PUT")
    assert urllib.request.urlopen(put, timeout=PATIENCE).status == 201
    performer.wait("/error", lambda path, reason: path == "/sources/file/on" and reason.startswith("another source"))
    assert performer.wait("/sources/file/on", lambda on: not on) == [False]
