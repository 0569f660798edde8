"""The media process as control and the network see it: its start, its end, faults, and who may ask."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from media_stage import PATIENCE, Media, MjpegReader
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect

from bridge.media import listen, messages
from bridge.media.ring import FrameRing

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def media() -> Iterator[Media]:
    with Media() as media:
        media.write()
        yield media


def test_it_says_where_frames_are(media: Media) -> None:
    ready = media.wait_for(messages.Ready)
    assert ready.url == f"http://127.0.0.1:{media.port}/"
    assert {"/frames.mjpeg", "/frames.ws", "/frame.png", "/frame.jpg"} <= set(ready.sinks)


def test_the_page_needs_nothing_from_elsewhere(media: Media) -> None:
    status, body, headers = media.get("/")
    assert status == 200 and headers["Content-Type"] == "text/html; charset=utf-8"
    assert b'src="/page/output.js"' in body and b"http:" not in body and b"https://" not in body
    assert b"/frames.ws" in media.get("/page/frames.js")[1] and media.get("/page/none.js")[0] == 404
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]


def test_health(media: Media) -> None:
    number = media.write()
    status, body, _ = media.get("/healthz")
    health = json.loads(body)
    assert status == 200 and health["frame"] == number and health["age_s"] >= 0 and health["max_readers"] == 32


def test_it_measures(media: Media) -> None:
    with media.painting(), connect(f"ws://127.0.0.1:{media.port}/frames.ws") as reader:
        while True:
            reader.recv(PATIENCE)
            media.events += media.channel.receive()
            for event in media.events:
                if isinstance(event, messages.Alive) and event.figures["sends_per_s"] > 0:
                    figures = event.figures
                    assert figures["readers"] == 1 and figures["encodes_per_s"] > 0
                    assert 0 < figures["frame_age_p50_ms"] < figures["sent_age_p50_ms"]
                    return
            media.events.clear()


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""]
)
@pytest.mark.parametrize("path", ["/", "/frame.png", "/frames.mjpeg", "/healthz"])
def test_a_foreign_host_is_refused(media: Media, host: str, path: str) -> None:
    status, body, _ = media.get(path, Host=host)
    assert status == 403 and b"Host must be one of localhost" in body and repr(host).encode() in body


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:1234"])
def test_this_machine_is_let_in(media: Media, host: str) -> None:
    assert media.get("/healthz", Host=host)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "https://localhost.evil.example", "null"])
def test_a_foreign_page_gets_no_websocket(media: Media, origin: str) -> None:
    with pytest.raises(InvalidStatus, match="403") as refused:
        connect(f"ws://127.0.0.1:{media.port}/frames.ws", origin=origin)
    assert origin.encode() in (refused.value.response.body or b"")


def test_a_page_of_this_machine_gets_one(media: Media) -> None:
    media.write()
    with connect(f"ws://127.0.0.1:{media.port}/frames.ws", origin=f"http://localhost:{media.port}") as reader:
        assert reader.recv(PATIENCE)


def test_there_are_only_so_many_streams() -> None:
    with Media(max_readers=2) as media:
        media.write()
        first = MjpegReader(media.port)
        first.next()
        with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as second:
            second.recv(PATIENCE)
            status, body, _ = media.get("/frames.mjpeg")
            assert status == 503 and b"up to 2 streams" in body
            with pytest.raises(InvalidStatus, match="503") as refused:
                connect(f"ws://127.0.0.1:{media.port}/frames.ws")
            assert b"up to 2 streams" in (refused.value.response.body or b"")
            assert media.get("/frame.png")[0] == 200  # a still is no stream
            first.close()
        while json.loads(media.get("/healthz")[1])["readers"]:
            media.write()
        with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as again:
            assert again.recv(PATIENCE)


def test_a_picture_that_cannot_be_made_takes_nothing_with_it(media: Media, capfd: pytest.CaptureFixture[str]) -> None:
    """A JPEG has up to 65,500 pixels a side."""
    media.write()
    mjpeg = MjpegReader(media.port)
    mjpeg.next()
    with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as reader:
        reader.recv(PATIENCE)
        media.write(np.zeros((1, 70000, 3), np.uint8))
        with pytest.raises(ConnectionClosedError, match="1011"):
            while True:
                reader.recv(PATIENCE)
    with pytest.raises(EOFError):
        while True:
            mjpeg.next()
    mjpeg.close()
    told = media.wait_for(messages.Problem).text + media.wait_for(messages.Problem).text
    assert "/frames.ws failed" in told and "/frames.mjpeg failed" in told
    assert media.get("/frame.png")[0] == 200
    assert media.get("/frame.jpg")[0] == 500
    media.write()
    assert media.get("/frame.jpg")[0] == 200
    assert capfd.readouterr().err == ""


def test_stop_ends_every_stream(capfd: pytest.CaptureFixture[str]) -> None:
    with Media() as media:
        media.write()
        reader = MjpegReader(media.port)
        reader.next()
        with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as websocket:
            websocket.recv(PATIENCE)
            media.stop()
            with pytest.raises(ConnectionClosedOK, match="1001"):
                websocket.recv(PATIENCE)
        with pytest.raises(EOFError):
            reader.next()
        reader.close()
        assert media.process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_another_process_goes_on_with_the_socket() -> None:
    with Media() as media:
        media.write()
        media.wait_for(messages.Ready)
        media.process.kill()
        media.process.join(PATIENCE)
        media.channel.close()
        media.start()
        assert media.get("/frame.png")[0] == 200


CONTROL = """
import sys
from media_stage import Media, MjpegReader

if __name__ == "__main__":
    with Media() as media:
        media.write()
        MjpegReader(media.port).next()
        print(media.ring.name, media.port, flush=True)
        sys.stdin.read()
"""


def test_it_ends_with_control_killed(tmp_path: Path) -> None:
    script = tmp_path / "control.py"
    script.write_text(CONTROL)
    with subprocess.Popen(
        [sys.executable, script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT, ROOT / "tests")))},
    ) as control:
        assert control.stdout is not None
        name, port = control.stdout.readline().split()
        reader = MjpegReader(int(port))
        reader.next()
        control.kill()
        with pytest.raises((EOFError, ConnectionError)):
            while True:
                reader.next()
        reader.close()
        control.communicate(timeout=PATIENCE)  # until every process that held its end of stderr is gone
    with pytest.raises(FileNotFoundError):
        FrameRing.attach(name)


def test_control_needs_no_encoder_to_start_it() -> None:
    script = (
        "import sys; from bridge.media import listen, messages, process, ring\n"
        "heavy = {'uvicorn', 'starlette', 'simplejpeg', 'PIL', 'websockets'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=PATIENCE)


def test_a_port_already_taken_is_named() -> None:
    listener = listen.bind()
    port = listener.getsockname()[1]
    with pytest.raises(OSError, match=f"port {port} .*already taken.*--http-port"):
        listen.bind("127.0.0.1", port)
    listener.close()
    listen.bind("127.0.0.1", port).close()
    with pytest.raises(OSError, match=r"--http-port must be in 0\.\.65535, got 65536"):
        listen.bind("127.0.0.1", 65536)
    with pytest.raises(OSError, match=r"nowhere\.invalid"):
        listen.bind("nowhere.invalid", 0)
