"""A receiver for each sink, in a process of its own: takes frames for so long and tells when each was there as pixels.

Each is called with what it connects to, the seconds, and a pipe that it sends ``[(number, time), …]`` through; with the
time of ``bridge.clocks``, when the frame was decoded. A text instead of a list says why there is none.
"""

import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bridge.clocks import now
from bridge.measure.card import number_of

SETTLE = 1.0
"""Seconds after the first frame that do not count: encoders and networks find their pace."""
Seen = Iterator[int | None]


def run(receiver: Callable[[Any], Seen], target: Any, seconds: float, pipe: Any) -> None:
    """In a process of its own: take frames of a receiver."""
    try:
        pipe.send(_timed(receiver(target), seconds))
    except Exception as error:  # noqa: BLE001  (told instead of figures)
        pipe.send(f"{type(error).__name__}: {error}")


def _timed(frames: Seen, seconds: float) -> list[tuple[int, float]]:
    taken: list[tuple[int, float]] = []
    begin = end = 0.0
    for number in frames:
        at = now()
        if not begin:
            begin, end = at + SETTLE, at + SETTLE + seconds
        if at > end:
            break
        if number is not None and at >= begin:
            taken.append((number, at))
    return taken


def shared_memory(name: str) -> Seen:
    """By the layout in docs/video.md, looked at every 0.3 ms."""
    from bridge.media.ring import FrameRing

    ring = FrameRing.attach(name)
    last = 0
    while True:
        frame = ring.latest(last)
        if frame is None:
            time.sleep(0.0003)
            continue
        last = frame.sequence
        yield frame.sequence


def websocket(port: int) -> Seen:
    """JPEG over WebSocket, decoded."""
    import simplejpeg
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/frames.ws?header=1", compression=None, max_size=None, proxy=None) as stream:
        for message in stream:
            assert isinstance(message, bytes)
            simplejpeg.decode_jpeg(memoryview(message)[24:])
            yield int.from_bytes(message[:8], "big")


def raw(port: int) -> Seen:
    """Raw RGB over WebSocket."""
    from websockets.sync.client import connect

    with connect(f"ws://127.0.0.1:{port}/frames.rgb", compression=None, max_size=None, proxy=None) as stream:
        for message in stream:
            assert isinstance(message, bytes)
            yield int.from_bytes(message[:8], "big")


def mjpeg(port: int) -> Seen:
    """Motion JPEG, decoded."""
    import simplejpeg

    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"GET /frames.mjpeg HTTP/1.0\r\nHost: localhost\r\n\r\n")
        file = connection.makefile("rb")
        length = number = 0
        while line := file.readline():
            name, _, value = line.partition(b": ")
            if name == b"Content-Length":
                length = int(value)
            elif name == b"X-Frame":
                number = int(value)
                file.readline()
                simplejpeg.decode_jpeg(file.read(length))
                yield number


def transport_stream(url: str) -> Seen:
    """MPEG-TS, decoded by FFmpeg without waiting for more than it needs."""
    import av

    options = {"fflags": "nobuffer", "flags": "low_delay", "probesize": "65536", "analyzeduration": "200000"}
    with av.open(url, options=options) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for packet in container.demux(video=0):
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:  # it joined in mid-stream, and waits for a key frame as players do
                continue
            for frame in frames:
                picture: Any = frame.to_ndarray(format="rgb24")
                yield number_of(picture)


def jitnet(listener: socket.socket) -> Seen:
    """Matrices, as jit.net.recv takes them."""
    connection, _ = listener.accept()
    file = connection.makefile("rb")
    while header := file.read(296):
        width, height = struct.unpack_from(">2I", header, 28)
        cells = np.frombuffer(file.read(width * height * 4), np.uint8).reshape(height, width, 4)
        connection.sendall(struct.pack(">4sddd", b"JMLP", *struct.unpack_from(">d", header, 288), 0, 0))
        yield number_of(cells[..., 1:])


def ndi(name: str) -> Seen:
    """NDI, by another's package (ndi-python)."""
    import NDIlib  # type: ignore[import-not-found,unused-ignore]

    NDIlib.initialize()
    settings = NDIlib.FindCreate()
    settings.show_local_sources, settings.extra_ips = True, "127.0.0.1"
    finder = NDIlib.find_create_v2(settings)
    source, until = None, now() + 20
    while source is None:
        if now() > until:
            raise TimeoutError("the source is not found")
        NDIlib.find_wait_for_sources(finder, 500)
        source = next((each for each in NDIlib.find_get_current_sources(finder) if name in each.ndi_name), None)
    wanted = NDIlib.RecvCreateV3()
    wanted.color_format = NDIlib.RECV_COLOR_FORMAT_RGBX_RGBA
    receiver = NDIlib.recv_create_v3(wanted)
    NDIlib.recv_connect(receiver, source)
    while True:
        kind, video, *_ = NDIlib.recv_capture_v2(receiver, 1000)
        if kind == NDIlib.FRAME_TYPE_VIDEO:
            number = number_of(video.data[..., :3])
            NDIlib.recv_free_video_v2(receiver, video)
            yield number


def webrtc(port: int) -> Seen:
    """WebRTC by WHEP, decoded by aiortc."""
    import asyncio
    import queue
    import threading

    frames: queue.Queue[Any] = queue.Queue()

    async def take() -> None:
        import http.client

        from aiortc import RTCPeerConnection, RTCSessionDescription

        peer = RTCPeerConnection()
        peer.addTransceiver("video", "recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        body = peer.localDescription.sdp
        await asyncio.to_thread(connection.request, "POST", "/whep", body, {"Content-Type": "application/sdp"})
        answer = await asyncio.to_thread(connection.getresponse)
        if answer.status != 201:
            raise ConnectionError(answer.read().decode())
        await peer.setRemoteDescription(RTCSessionDescription(answer.read().decode(), "answer"))
        track = peer.getReceivers()[0].track
        while True:
            frames.put(await track.recv())

    def serve() -> None:
        try:
            asyncio.run(take())
        except Exception as error:  # noqa: BLE001  (raised where frames are taken)
            frames.put(error)

    threading.Thread(target=serve, daemon=True).start()
    while True:
        frame = frames.get(timeout=20)
        if isinstance(frame, Exception):
            raise frame
        yield number_of(frame.to_ndarray(format="rgb24"))


def drain(port: int, count: int, until: float, ready: Any) -> None:
    """In a process of its own: read so many WebSockets, answer their pings, and throw all away, until that time."""
    import selectors

    selector = selectors.DefaultSelector()
    for _ in range(count):
        sock = socket.create_connection(("127.0.0.1", port))
        sock.sendall(
            b"GET /frames.ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        sock.setblocking(False)
        selector.register(sock, selectors.EVENT_READ, _Drained())
    ready.set()
    while now() < until:
        for key, _ in selector.select(0.1):
            with_data: Any = key.fileobj
            for ping in key.data.pings(with_data.recv(1 << 18)):
                with_data.send(ping)


class _Drained:
    """Finds the pings in what one WebSocket sent, for the frames' sizes only."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._open = False
        self._skip = 0

    def pings(self, data: bytes) -> list[bytes]:
        """Return the answers to the pings in what has come."""
        self._data += data
        if not self._open:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return []
            del self._data[: end + 4]
            self._open = True
        answers: list[bytes] = []
        while True:
            step = min(self._skip, len(self._data))
            del self._data[:step]
            self._skip -= step
            if self._skip or len(self._data) < 10:
                return answers
            kind, length = self._data[0], self._data[1]
            if kind == 0x89:
                answers.append(b"\x8a\x88\0\0\0\0" + bytes(self._data[2:10]))
                del self._data[:10]
                continue
            head = 2 + {126: 2, 127: 8}.get(length, 0)
            size = int.from_bytes(self._data[2:head], "big") if head > 2 else length
            self._skip = head + size
