"""Every sink with a receiver that nobody here wrote, and readers at their own pace."""

import io
import multiprocessing
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from browser import browse
from frame_writers import write_and_hold
from media_stage import PATIENCE, Media, MjpegReader, WebSocketReader, assert_is_card, card
from peers import require_program
from PIL import Image
from websockets.sync.client import connect

from bridge import clocks
from bridge.media import messages

spawn = multiprocessing.get_context("spawn")


@pytest.fixture(scope="module")
def media() -> Iterator[Media]:
    with Media(pixels=1280 * 720) as media:
        media.write()
        yield media


def decode(jpeg: bytes) -> np.ndarray:
    picture: np.ndarray = simplejpeg.decode_jpeg(jpeg, fastdct=False)
    return picture


def test_before_the_first_frame() -> None:
    with Media() as media:
        for path in ("/frame.png", "/frame.jpg"):
            status, body, _ = media.get(path)
            assert (status, body) == (503, b"no frame has been generated yet\n")
        reader = MjpegReader(media.port)
        with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as websocket:
            number = media.write()
            assert reader.next()[0] == number
            assert_is_card(decode(websocket.recv(PATIENCE)))
        reader.close()


def test_stills(media: Media) -> None:
    random = np.random.default_rng(0).integers(0, 256, (37, 53, 3), np.uint8)
    media.write(random)
    status, body, headers = media.get("/frame.png")
    assert (status, headers["Content-Type"], headers["Cache-Control"]) == (200, "image/png", "no-store")
    assert (np.asarray(Image.open(io.BytesIO(body))) == random).all()
    media.write()
    status, body, headers = media.get("/frame.jpg")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert_is_card(decode(body))


def test_ffmpeg_takes_mjpeg(media: Media) -> None:
    ffmpeg = require_program("ffmpeg", "ffmpeg")
    source = ["-f", "mpjpeg", "-i", f"{media.url}frames.mjpeg"]
    with media.painting(60):
        command = [ffmpeg, "-v", "error", *source, "-frames:v", "60", "-f", "framemd5", "-"]
        sums = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True, text=True)
        assert sums.stderr == ""
        assert len([line for line in sums.stdout.splitlines() if not line.startswith("#")]) == 60
        command = [ffmpeg, "-v", "error", *source, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        picture = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True).stdout
    assert_is_card(np.frombuffer(picture, np.uint8).reshape(48, 64, 3))


def test_websocket(media: Media) -> None:
    with media.painting(60), connect(f"ws://127.0.0.1:{media.port}/frames.ws?header=1") as reader:
        last = 0
        for _ in range(30):
            message = reader.recv(PATIENCE)
            assert isinstance(message, bytes)
            number, generated, age = struct.unpack_from("!Qdd", message)
            assert number > last
            assert 0 <= age < PATIENCE
            assert abs(time.time() - generated) < PATIENCE
            assert_is_card(decode(message[24:]))
            last = number


def test_a_browser_shows_the_page(media: Media, tmp_path: Path) -> None:
    media.write(card(640, 480))
    with media.painting(30, card(640, 480)), browse(tmp_path, media.url) as browser:
        first = int(browser.wait_for("document.querySelector('canvas')?.dataset.frame"))
        browser.wait_for(f"Number(document.querySelector('canvas').dataset.frame) > {first}")  # it moves
        assert browser.evaluate("[canvas.width, canvas.height]") == [640, 480]
        assert browser.evaluate("age.textContent")
        assert_is_card(browser.screenshot())


def test_a_browser_shows_mjpeg(media: Media, tmp_path: Path) -> None:
    media.write(card(640, 480))
    with media.painting(30, card(640, 480)), browse(tmp_path, f"{media.url}healthz") as browser:
        browser.wait_for("location.pathname === '/healthz' && document.readyState === 'complete'")
        browser.evaluate("document.body.innerHTML = '<img src=/frames.mjpeg style=\"position:fixed;inset:0\">'")
        browser.wait_for("document.querySelector('img')?.naturalWidth === 640")
        assert_is_card(browser.screenshot()[:480, :640])


def test_another_size_reaches_readers_at_once(media: Media) -> None:
    media.write()
    reader = MjpegReader(media.port)
    with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as websocket:
        for width, height in ((64, 48), (320, 200), (1280, 720), (16, 16)):
            number = media.write(card(width, height))
            while (part := reader.next())[0] < number:
                pass
            assert decode(part[2]).shape == (height, width, 3)
            while (picture := decode(websocket.recv(PATIENCE))).shape != (height, width, 3):
                pass
            assert_is_card(picture)
    reader.close()


def test_the_last_frame_holds_when_its_writer_is_killed(media: Media) -> None:
    ready = spawn.Event()
    writer = spawn.Process(target=write_and_hold, args=(media.ring.name, ready))
    writer.start()
    assert ready.wait(PATIENCE)
    reader = MjpegReader(media.port)
    with connect(f"ws://127.0.0.1:{media.port}/frames.ws") as websocket:
        reader.next()
        writer.kill()
        writer.join(PATIENCE)
        number = media.ring.newest
        while reader.next()[0] < number:
            pass
        before = clocks.now()
        for _ in range(4):  # held, and told once a second; the first of them may have come while this process waited
            again, _, jpeg = reader.next()
            assert again == number and abs(decode(jpeg).astype(int) - 9).max() <= 2
        assert clocks.now() - before > 0.8
        held = [websocket.recv(PATIENCE) for _ in range(3)]
        assert held[-1] == held[-2]
    media.ring = type(media.ring).attach(media.ring.name)  # control's own attachment has not written since
    assert media.write() > number
    while reader.next()[0] == number:
        pass
    reader.close()


@pytest.mark.parametrize("kind", [MjpegReader, WebSocketReader])
def test_a_reader_that_stops_gets_the_newest_next(
    media: Media, kind: type[MjpegReader] | type[WebSocketReader]
) -> None:
    """Others go on meanwhile, and nothing piles up for it but what its own buffers hold."""
    noise = np.random.default_rng(1).integers(0, 256, (256, 256, 3), np.uint8)  # tens of KB as a JPEG
    with media.painting(60, noise):
        slow = kind(media.port, receive_buffer=65536)
        slow.next()
        other = MjpegReader(media.port)
        first = other.next()[0]
        memory = resident_kib(media)
        taken = 0
        while (number := other.next()[0]) < first + 180:  # three seconds
            taken += 1
        assert taken > 10
        assert resident_kib(media) - memory < 4096
        stale = 0
        while slow.next()[0] < number:
            stale += 1
        assert stale <= 6, stale  # 180 or so were written
        other.close()
        slow.close()


def test_a_slow_websocket_is_never_behind(media: Media) -> None:
    """However small the frames are, and however many of them the buffers on the way could hold."""
    with media.painting(100):
        slow = WebSocketReader(media.port)
        for _ in range(10):
            slow.next()
        behind = []
        for _ in range(30):
            start = media.ring.newest
            while media.ring.newest < start + 10:  # it takes one in ten
                time.sleep(0.005)
            behind.append(media.ring.newest - slow.next()[0])
        slow.close()
    # Three on the way, each taken when it was the newest: 30. All that were written: 135.
    assert sorted(behind)[len(behind) // 2] <= 80, behind


def resident_kib(media: Media) -> int:
    """Memory of the media process, apart from what it shares (0 where the system does not tell)."""
    status = Path(f"/proc/{media.process.pid}/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("RssAnon"))


def test_it_encodes_once_for_all(media: Media) -> None:
    with media.painting(30):
        readers = [MjpegReader(media.port) for _ in range(8)]
        served: list[dict[str, float]] = []
        deadline = clocks.now() + PATIENCE
        while len(served) < 2 and clocks.now() < deadline:
            for reader in readers:
                reader.next()
            events = media.channel.receive()
            served += [event.figures for event in events if isinstance(event, messages.Alive)]
            served = [figures for figures in served if figures["readers"] == 8]
        figures = served[1]  # in the first second they came one by one
        assert figures["encodes_per_s"] < figures["sends_per_s"] / 4
        for reader in readers:
            reader.close()
