"""The test card through each source, read from the ring of what comes in; and what strangers may not do."""

import http.client
import io
import itertools
import json
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import browse
from media_stage import Media
from PIL import Image
from sink_stage import PATIENCE, Stage, spawn
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bridge import clocks
from bridge.measure.card import TestCard, error_of, number_of
from bridge.media import messages
from bridge.media.endpoint import EndpointError
from bridge.media.intake import Intake, TakenOverError, decoded, fitted
from bridge.media.ring import FrameRing
from bridge.media.sources.camera import Camera
from bridge.media.sources.file import FileSource
from bridge.media.sources.shared_memory import SharedMemorySource

CARD = TestCard(256, 192)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture(scope="module")
def media() -> Iterator[Media]:
    with Media() as media:
        yield media


def eventually(found: Callable[[], object]) -> object:
    until = time.monotonic() + PATIENCE
    while not (value := found()):
        assert time.monotonic() < until
        time.sleep(0.01)
    return value


def came(ring: FrameRing, after: int = 0) -> np.ndarray:
    """The next frame that came in after that one."""
    eventually(lambda: ring.newest > after)
    frame = ring.latest()
    assert frame is not None
    return frame.pixels


def encoded(pixels: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, quality=95)
    return file.getvalue()


def film(path: Path, numbers: range, rate: int = 30) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = CARD.width, CARD.height, "yuv420p"
        for number in numbers:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(CARD.pixels(number), format="rgb24")))
        container.mux(stream.encode(None))


def test_a_film_plays_at_its_pace_and_begins_again(stage: Stage, tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", range(1, 61))
    seen: list[int] = []
    with stage.running(FileSource, path=str(tmp_path / "film.mp4")):
        while not any(after < before for before, after in itertools.pairwise(seen)):  # a beginning after the end
            number = number_of(came(stage.incoming))
            if number is not None and number not in seen[-1:]:
                seen.append(number)
        assert error_of(came(stage.incoming)) <= 24
    assert seen[-2] - seen[-1] > 10, seen  # some may have been missed, but none was shown out of turn
    frame = stage.incoming.latest()
    assert frame is not None and frame.model == "file"


def test_a_picture_stays(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "card.png").write_bytes(encoded(CARD.pixels(77)))
    with stage.running(FileSource, path=str(tmp_path / "card.png")):
        for _ in range(2):  # and is written again: a silent source counts as gone
            assert (came(stage.incoming, stage.incoming.newest) == CARD.pixels(77)).all()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "path must be a file or a URL"),
        ("/nowhere/at/all.mp4", "path must be a file or a URL"),
        ("concat://a|b", "a URL must begin with http"),
        ("file:///etc/passwd", "a URL must begin with http"),
    ],
)
def test_what_is_no_file_and_no_stream_is_told(stage: Stage, path: str, words: str) -> None:
    with pytest.raises(EndpointError, match=words):
        FileSource(stage.places, {"path": path, "loop": True})


def test_a_file_that_is_no_film_is_told(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(os.urandom(5000))
    with stage.running(FileSource, path=str(tmp_path / "film.mp4")) as running:
        assert "is no video or picture" in running.wait_for(messages.Failed).text


def test_a_playlist_from_the_network_leads_to_no_file(stage: Stage, tmp_path: Path) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    film(tmp_path / "film.mp4", range(1, 5))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{tmp_path / 'film.mp4'}\n#EXT-X-ENDLIST\n"

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.end_headers()
            self.wfile.write(playlist.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/live.m3u8"
        with stage.running(FileSource, path=address) as running:
            assert "tried again every 1 s" in running.wait_for(messages.Problem).text
            assert stage.incoming.newest == 0
        server.shutdown()


def test_a_camera_that_is_not_there_is_told(stage: Stage) -> None:
    with stage.running(Camera, device="/dev/video63") as running:
        assert "the camera /dev/video63 cannot be opened" in running.wait_for(messages.Problem).text
        running.set(device="/etc/passwd")
        assert "device must be /dev/videoN" in running.wait_for(messages.Failed).text


def test_shared_memory_of_another_program_which_may_begin_anew(stage: Stage) -> None:
    name = f"antiphon-test-{os.getpid()}"
    with stage.running(SharedMemorySource, ring=name) as running:
        assert f"there is no shared memory named {name} yet" in running.wait_for(messages.Problem).text
        for number in (5, 6):
            ring = FrameRing.create(256, 192, name=name)
            ring.write(CARD.pixels(number), time=clocks.now())
            eventually(lambda wanted=number: number_of(came(stage.incoming)) == wanted)
            ring.close()
            ring.unlink()
        running.set(ring=stage.places.ring)
        assert "which is ours" in running.wait_for(messages.Failed).text


def request(media: Media, method: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", media.port, timeout=PATIENCE)
    try:
        connection.request(method, "/source/image", body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_that_is_sent(media: Media, kind: str) -> None:
    before = media.incoming.newest
    status, body = request(media, "PUT", encoded(CARD.pixels(99), kind))
    assert (status, json.loads(body)) == (201, {"width": 256, "height": 192})
    seen = came(media.incoming, before)
    assert number_of(seen) == 99 and error_of(seen) <= 40
    again = media.incoming.newest
    assert number_of(came(media.incoming, again)) == 99
    assert request(media, "DELETE")[0] == 204


def bomb() -> bytes:
    """A small PNG that says it has 60,000 x 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"", 400, b"must be a whole JPEG, PNG or WebP"),
        (b"GIF89a" + bytes(100), 400, b"must be a whole JPEG, PNG or WebP"),
        (encoded(CARD.pixels(1))[:2000], 400, b"must be a whole JPEG, PNG or WebP"),
        (bomb(), 400, b"a picture"),
        (bytes((16 << 20) + 1), 413, b"up to 16777216 bytes"),
    ],
    ids=["nothing", "gif", "half", "bomb", "long"],
)
def test_what_is_no_picture_or_too_large_is_refused(media: Media, body: bytes, status: int, words: bytes) -> None:
    before = media.incoming.newest
    answer = request(media, "PUT", body)
    assert answer[0] == status and words in answer[1]
    assert media.incoming.newest == before


def test_a_page_of_another_site_sends_no_picture(media: Media) -> None:
    body = encoded(CARD.pixels(3))
    status, text = request(media, "POST", body, Origin="http://evil.example")
    assert status == 403 and b"Origin of a POST must be a page of this machine" in text
    assert request(media, "POST", body, Origin=f"http://localhost:{media.port}")[0] == 201
    request(media, "DELETE")


def test_pictures_over_a_websocket(media: Media) -> None:
    with connect(f"ws://127.0.0.1:{media.port}/source.ws") as sender:
        for number in (11, 12):
            before = media.incoming.newest
            sender.send(encoded(CARD.pixels(number), "JPEG"))
            assert sender.recv(PATIENCE) == str(number - 10)
            assert number_of(came(media.incoming, before)) == number
        sender.send(b"no picture")
        with pytest.raises(ConnectionClosed, match=r"1008.*must be a whole JPEG"):
            sender.recv(PATIENCE)
    with connect(f"ws://127.0.0.1:{media.port}/source.ws") as sender, pytest.raises(ConnectionClosed):
        sender.send(bytes((4 << 20) + 1))  # the reason, 1009, may be lost with what it had not read
        sender.recv(PATIENCE)


def test_a_browser_sends_its_camera(media: Media, tmp_path: Path) -> None:
    with browse(tmp_path, f"http://localhost:{media.port}/camera") as page:
        page.wait_for("document.readyState === 'complete' && !!document.getElementById('start')")
        before = media.incoming.newest
        page.evaluate("document.getElementById('start').click()")
        seen = came(media.incoming, before + 5)  # Chromium's fake camera: a green field with a pie
        assert seen.shape[1] >= 320 and seen.std() > 5
        page.wait_for("document.getElementById('state').textContent.endsWith('taken')")


def test_the_source_that_began_last_has_the_place(stage: Stage, tmp_path: Path) -> None:
    film(tmp_path / "film.mp4", range(1, 16))
    with stage.running(FileSource, path=str(tmp_path / "film.mp4")) as running:
        came(stage.incoming)
        intake = Intake(stage.incoming.name, lambda _: None)
        first, second = intake.begin(), intake.begin()
        first.write(CARD.pixels(200), "image")
        assert running.wait_for(messages.Failed).text == "another source has begun since"
        second.write(CARD.pixels(201), "websocket")
        with pytest.raises(TakenOverError):
            first.write(CARD.pixels(202), "image")
        assert number_of(came(stage.incoming)) == 201
        for writer in (first, second):
            writer.close()


def test_large_pictures_are_made_smaller() -> None:
    large = TestCard(1920, 1080).pixels(9)
    small = fitted(large, 1280 * 720)
    assert small.shape == (720, 1280, 3) and number_of(small) == 9
    assert fitted(small, 1280 * 720) is small
    assert number_of(decoded(encoded(large))) == 9


def test_ndi_from_another_s_sender(stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("cyndilib", "NDIlib"):
        pytest.importorskip(module)
    from ndi_send import send

    from bridge.media.sources.ndi import NdiSource

    (tmp_path / "ndi-config.v1.json").write_text(json.dumps({"ndi": {"networks": {"ips": "127.0.0.1"}}}))
    monkeypatch.setenv("NDI_CONFIG_DIR", str(tmp_path))  # found without a discovery service
    name = f"antiphon test {os.getpid()} {tmp_path.name}"
    done = spawn.Event()
    sender = spawn.Process(target=send, args=(name, CARD.width, CARD.height, done))
    sender.start()
    try:
        with stage.running(NdiSource, source_name=name):
            seen = came(stage.incoming)
            assert seen.shape == (CARD.height, CARD.width, 3) and number_of(seen) and error_of(seen) <= 24
    finally:
        done.set()
        sender.join(PATIENCE)
