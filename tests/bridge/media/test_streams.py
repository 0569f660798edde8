"""The encoded and the raw streams of the media process: the test card through each, as receivers of others see it."""

import base64
import http.client
import json
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from browser import Page, browse
from media_stage import PATIENCE, Media, spawn
from peers import require_program
from websockets.sync.client import connect

from bridge.measure.card import TestCard, error_of, number_of
from bridge.media import messages

WIDTH, HEIGHT = 320, 240
CARD = TestCard(WIDTH, HEIGHT)
QUICK = ("-v", "error", "-probesize", "65536", "-analyzeduration", "300000")
"""FFmpeg listens to a stream for five seconds otherwise, before it decodes it."""

WATCH = """
(async () => {
  const peer = window.peer = new RTCPeerConnection()
  peer.addTransceiver("video", {direction: "recvonly"})
  const video = window.video = document.createElement("video")
  video.muted = video.autoplay = true
  peer.ontrack = event => { video.srcObject = new MediaStream([event.track]) }
  await peer.setLocalDescription(await peer.createOffer())
  while (peer.iceGatheringState !== "complete") await new Promise(done => setTimeout(done, 10))
  const answer = await fetch("/whep", {method: "POST", headers: {"Content-Type": "application/sdp"},
    body: peer.localDescription.sdp})
  if (answer.status !== 201) return [answer.status, await answer.text()]
  window.place = answer.headers.get("Location")
  await peer.setRemoteDescription({type: "answer", sdp: await answer.text()})
  return [answer.status, window.place]
})()
"""

PICTURES = """
(() => {
  const canvas = window.video = document.createElement("canvas"), context = canvas.getContext("2d")
  const draw = picture => {
    canvas.videoWidth = canvas.width = picture.width
    canvas.videoHeight = canvas.height = picture.height
    context.drawImage(picture, 0, 0)
  }
  const socket = new WebSocket(`ws://${location.host}/frames.ws`)
  socket.binaryType = "arraybuffer"
  socket.onmessage = async event => draw(await createImageBitmap(new Blob([event.data], {type: "image/jpeg"})))
})()
"""

MOTION = """
(() => {
  const image = window.video = new Image()
  document.body.append(image)
  image.src = "/frames.mjpeg"
  for (const [own, other] of [["videoWidth", "naturalWidth"], ["videoHeight", "naturalHeight"]])
    Object.defineProperty(image, own, {get: () => image[other]})
})()
"""

SEEN = """
(() => {
  const canvas = document.createElement("canvas")
  canvas.width = video.videoWidth; canvas.height = video.videoHeight
  const context = canvas.getContext("2d")
  context.drawImage(video, 0, 0)
  return canvas.toDataURL("image/png").split(",")[1]
})()
"""


@pytest.fixture(scope="module")
def media() -> Iterator[Media]:
    with Media(pixels=1280 * 720) as media:
        media.write(CARD.pixels(1))
        yield media


def picture(data: bytes) -> np.ndarray:
    import io

    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_raw_frames_are_exact(media: Media) -> None:
    with media.painting(60, CARD.pixels), connect(f"ws://127.0.0.1:{media.port}/frames.rgb") as reader:
        last = 0
        for _ in range(5):
            message = reader.recv(PATIENCE)
            number, generated, age, width, height = struct.unpack_from("!QddII", message)
            pixels = np.frombuffer(message, np.uint8, offset=32).reshape(height, width, 3)
            assert (pixels == CARD.pixels(number)).all() and number > last
            assert 0 <= age < PATIENCE and abs(time.time() - generated) < PATIENCE
            last = number


def test_ffmpeg_takes_mpegts_over_http_at_any_moment(media: Media) -> None:
    ffmpeg = require_program("ffmpeg", "ffmpeg")
    with media.painting(30, CARD.pixels):
        for _ in range(2):  # the second joins the same stream
            command = [
                ffmpeg,
                *QUICK,
                "-i",
                f"{media.url}frames.ts",
                "-frames:v",
                "1",
                "-vf",
                "select=gte(n\\,5)",
            ]
            command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
            raw = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True).stdout
            seen = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)
            assert number_of(seen) and error_of(seen) <= 16


def test_ffmpeg_takes_the_card_as_mjpeg(media: Media) -> None:
    ffmpeg = require_program("ffmpeg", "ffmpeg")
    with media.painting(30, CARD.pixels):
        command = [ffmpeg, "-v", "error", "-f", "mpjpeg", "-i", f"{media.url}frames.mjpeg", "-frames:v", "1"]
        command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
        raw = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True).stdout
    seen = np.frombuffer(raw, np.uint8).reshape(HEIGHT, WIDTH, 3)
    assert number_of(seen) and error_of(seen) <= 12


def test_a_new_size_goes_on_in_the_same_transport_stream(media: Media) -> None:
    """The stream begins anew inside of the answer: decoders follow at the next key frame."""
    import av

    larger = TestCard(480, 360)
    with media.painting(30, CARD.pixels):
        connection = http.client.HTTPConnection("127.0.0.1", media.port, timeout=PATIENCE)
        connection.request("GET", "/frames.ts")
        answer = connection.getresponse()
        with av.open(answer, format="mpegts") as container:
            sizes = (frame.width for frame in container.decode(video=0))
            while next(sizes) != WIDTH:
                pass
            media.write(CARD.pixels(2))
    with media.painting(30, larger.pixels):
        with av.open(answer, format="mpegts") as container:
            sizes = (frame.width for frame in container.decode(video=0))
            while next(sizes) != larger.width:
                pass
        connection.close()


def watched(page: Page) -> np.ndarray:
    """The card that a browser's video element shows, once there is one with a code."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if page.evaluate("video.videoWidth"):
            seen = picture(base64.b64decode(page.evaluate(SEEN)))
            if number_of(seen):
                return seen
    raise AssertionError("no card was seen")


def test_a_browser_takes_webrtc(media: Media, tmp_path: Path) -> None:
    pytest.importorskip("aiortc")
    from aioice.ice import get_host_addresses

    if not get_host_addresses(use_ipv4=True, use_ipv6=True):
        pytest.skip("WebRTC needs an interface with an address besides 127.0.0.1")
    with media.painting(30, CARD.pixels), browse(tmp_path, f"{media.url}healthz") as page:
        page.wait_for("location.pathname === '/healthz' && document.readyState === 'complete'")
        status, place = page.evaluate(WATCH)
        assert (status, place[:6]) == (201, "/whep/")
        seen = watched(page)
        assert seen.shape == (HEIGHT, WIDTH, 3) and error_of(seen) <= 16
        first = number_of(seen)
        while number_of(watched(page)) == first:
            pass
        assert (
            page.evaluate(
                "peer.getReceivers()[0].getStats().then(all => [...all.values()].find(one => one.mimeType).mimeType)"
            )
            == "video/H264"
        )
        assert page.evaluate("fetch(place, {method: 'DELETE'}).then(answer => answer.status)") == 200
        while json.loads(media.get("/healthz")[1])["readers"]:
            pass
        assert page.evaluate("fetch(place, {method: 'DELETE'}).then(answer => answer.status)") == 404


@pytest.mark.parametrize("way", [PICTURES, MOTION], ids=["websocket", "mjpeg"])
def test_a_browser_takes_jpegs(media: Media, tmp_path: Path, way: str) -> None:
    with media.painting(30, CARD.pixels), browse(tmp_path, f"{media.url}healthz") as page:
        page.wait_for("location.pathname === '/healthz' && document.readyState === 'complete'")
        page.evaluate(way)
        seen = watched(page)
        assert seen.shape == (HEIGHT, WIDTH, 3) and error_of(seen) <= 12
        first = number_of(seen)
        while number_of(watched(page)) == first:
            pass


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", "v=0", 415),
        ("application/sdp", "v=0", 400),
        ("application/sdp", "nonsense " * 10, 400),
        ("application/sdp", "x" * 70000, 413),
    ],
)
def test_an_offer_that_is_none_is_refused(media: Media, kind: str, body: str, status: int) -> None:
    pytest.importorskip("aiortc")
    before = json.loads(media.get("/healthz")[1])["readers"]
    connection = http.client.HTTPConnection("127.0.0.1", media.port, timeout=PATIENCE)
    connection.request("POST", "/whep", body, {"Content-Type": kind})
    assert connection.getresponse().status == status
    connection.close()
    assert json.loads(media.get("/healthz")[1])["readers"] <= before


def test_ndi_reaches_another_s_receiver(tmp_path: Path) -> None:
    for module in ("cyndilib", "NDIlib"):
        pytest.importorskip(module)
    from ndi_recv import receive
    from sink_stage import Stage

    from bridge.media.sinks.ndi import Ndi

    name = f"antiphon test {media_name(tmp_path)}"
    with Stage(tmp_path, WIDTH, HEIGHT) as stage, stage.painting(30), stage.running(Ndi, source_name=name) as running:
        running.wait_for(messages.Alive, lambda alive: alive.figures.get("fps", 0) > 0)
        ours, theirs = spawn.Pipe()
        receiver = spawn.Process(target=receive, args=(name, theirs))
        receiver.start()
        theirs.close()
        assert ours.poll(PATIENCE), "nothing came over NDI"
        seen = ours.recv()
        receiver.join(PATIENCE)
    assert seen.shape == (HEIGHT, WIDTH, 3)
    assert number_of(seen) and error_of(seen) <= 24  # NDI's own compression is in YCbCr 4:2:2


def media_name(folder: Path) -> str:
    import os

    return f"{folder.name} {os.getpid()}"
