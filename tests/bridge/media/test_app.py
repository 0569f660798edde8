"""The parts of the media process by themselves: who is let in, which sinks are found, what a broken one does."""

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from media_stage import PATIENCE, card
from starlette.routing import Route

import bridge.media.sinks
from bridge import clocks
from bridge.channel import Channel, pair
from bridge.media import app, encoders, flow, listen, messages, server, sink
from bridge.media.feed import Feed, FeedClosedError
from bridge.media.guard import Guard
from bridge.media.intake import Intake
from bridge.media.ring import FrameRing
from bridge.media.served import Served, _Gate
from bridge.media.sinks.still import Still
from bridge.media.watch import LONGEST_LOOK_SECONDS, LOOK_SECONDS, Watch, pause


@pytest.fixture
def ring() -> Any:
    ring = FrameRing.create(512, 512)
    yield ring
    ring.close()
    ring.unlink()


async def ask(application: Any, kind: str = "http", path: str = "/", **headers: str) -> tuple[int, str]:
    """Status and text of the answer to one request."""
    answer: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request" if kind == "http" else "websocket.connect"}

    async def send(message: Any) -> None:
        answer.append(message)

    scope = {
        "type": kind,
        "method": "GET",
        "path": path,
        "query_string": b"",
        "extensions": {"websocket.http.response": {}},
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    await application(scope, receive, send)
    return answer[0]["status"], answer[1]["body"].decode()


async def welcome(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"welcome"})


@pytest.mark.parametrize(
    ("bound", "host", "status"),
    [
        ("127.0.0.1", "localhost:8080", 200),
        ("127.0.0.1", "192.168.1.20", 403),
        ("::1", "[::1]:8080", 200),
        ("::1", "evil.example", 403),
        ("0.0.0.0", "192.168.1.20:8080", 200),
        ("0.0.0.0", "[fe80::1]:8080", 200),
        ("0.0.0.0", "localhost", 200),
        ("0.0.0.0", f"{socket.gethostname()}.local", 200),
        ("0.0.0.0", "evil.example", 403),
        ("0.0.0.0", "1.2.3.4.evil.example", 403),
    ],
)
def test_who_is_let_in(bound: str, host: str, status: int) -> None:
    assert asyncio.run(ask(Guard(welcome, bound), host=host))[0] == status


def test_a_page_on_the_network_may_open_a_websocket_to_where_it_came_from() -> None:
    guard = Guard(welcome, "0.0.0.0")
    own = asyncio.run(ask(guard, "websocket", host="192.168.1.20:8080", origin="http://192.168.1.20:8080"))
    assert own == (200, "welcome")
    status, text = asyncio.run(ask(guard, "websocket", host="192.168.1.20:8080", origin="http://192.168.1.66"))
    assert status == 403 and "'http://192.168.1.66'" in text


def test_sinks_are_found_and_a_broken_one_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "absent.py").write_text("import a_library_that_is_not_there")
    (tmp_path / "broken.py").write_text("raise OSError('no such device')")
    (tmp_path / "other.py").write_text(
        "from bridge.media.sink import ServedSink\n"
        "class Other(ServedSink):\n"
        "    name = 'other'\n"
        "    paths = ('/other',)\n"
        "    def routes(self): return []\n"
    )
    before = {found.name for found in sink.discover()}
    assert {"mjpeg", "websocket", "still", "raw"} <= before
    monkeypatch.setattr(bridge.media.sinks, "__path__", [*bridge.media.sinks.__path__, str(tmp_path)])
    problems: list[str] = []
    assert {found.name for found in sink.discover(problems.append)} == before | {"other"}
    assert len(problems) == 2
    assert "bridge.media.sinks.absent cannot be used" in problems[0] and "a_library_that_is_not_there" in problems[0]
    assert "OSError: no such device" in problems[1]


class Broken(sink.ServedSink):
    name = "broken"
    paths = ("/broken",)

    def routes(self) -> Any:
        raise RuntimeError("no")


class Counting(sink.ServedSink):
    """Streams for as long as it is let."""

    name = "counting"
    paths = ("/counting",)
    streaming = ended = closed = 0

    def routes(self) -> Any:
        return [Route("/counting", self)]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"1", "more_body": True})
        self.streaming += 1
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            self.ended += 1

    async def close(self) -> None:
        self.closed += 1


def test_a_sink_that_cannot_start_takes_nothing_with_it(ring: FrameRing) -> None:
    problems: list[str] = []

    async def try_it() -> None:
        feed = Feed(ring, problems.append, 1)
        served = Served(feed, Intake("", problems.append), [Broken, Still])
        assert served.paths == Still.paths
        application = app.build(feed, served.routes, "127.0.0.1")
        assert (await ask(application, path="/frame.png", host="localhost"))[0] == 503
        feed.close()

    asyncio.run(try_it())
    assert len(problems) == 1
    assert problems[0].startswith("Broken failed: RuntimeError: no (test_app.py:")


def test_a_sink_that_is_off_ends_its_streams_and_says_how_to_turn_it_on(ring: FrameRing) -> None:
    async def try_it() -> None:
        feed = Feed(ring, lambda _: None, 1)
        served = Served(feed, Intake("", str), [Counting])
        application = app.build(feed, served.routes, "127.0.0.1")
        counting = served._gates["/sinks/counting"].endpoint
        assert isinstance(counting, Counting)
        streaming = asyncio.create_task(ask(application, path="/counting", host="localhost"))
        while not counting.streaming:
            await asyncio.sleep(0)
        served.set("/sinks/counting", {"on": False})
        async with asyncio.timeout(PATIENCE):
            assert await streaming == (200, "1")
            while not counting.closed:
                await asyncio.sleep(0)
        assert counting.ended == 1
        off = await ask(application, path="/counting", host="localhost")
        assert off == (503, "counting is off: /sinks/counting/on 1 turns it on\n")
        served.set("/sinks/counting", {"on": True})
        served.set("/sinks/nobody", {"on": True})
        streaming = asyncio.create_task(ask(application, path="/counting", host="localhost"))
        while counting.streaming < 2:
            await asyncio.sleep(0)
        streaming.cancel()
        feed.close()

    asyncio.run(try_it())


class Thinking(Counting):
    """Counts who has asked, and answers nobody."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        self.streaming += 1
        await asyncio.sleep(PATIENCE)


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_who_asked_before_it_was_off_and_has_no_answer_yet_is_told(ring: FrameRing, kind: str) -> None:
    async def try_it() -> None:
        feed = Feed(ring, lambda _: None, 1)
        gate = _Gate(Thinking(feed))
        (route,) = gate.endpoint.routes()
        asking = asyncio.create_task(ask(gate.route(route).app, kind))
        while not gate.endpoint.streaming:
            await asyncio.sleep(0)
        gate.set(False)
        async with asyncio.timeout(PATIENCE):
            assert await asking == (503, "counting is off: /sinks/counting/on 1 turns it on\n")
        feed.close()

    asyncio.run(try_it())


def test_the_ring_is_looked_at_only_while_somebody_reads(ring: FrameRing) -> None:
    async def try_it() -> None:
        reading = False
        watch = Watch(ring, lambda: reading)
        await watch.change(0.05)  # nothing comes
        waiting = asyncio.create_task(watch.change(None))
        await asyncio.sleep(0)
        ring.write(card(), time=clocks.now())
        async with asyncio.timeout(PATIENCE):
            await waiting
            while len(asyncio.all_tasks()) > 1:
                await asyncio.sleep(0.001)
        watch.close()

    asyncio.run(try_it())


def test_looks_come_when_a_frame_is_due() -> None:
    assert pause(0.0, 1 / 60) == pytest.approx(0.8 / 60)
    assert pause(0.015, 1 / 60) == LOOK_SECONDS
    assert pause(0.0, 0.0) == LOOK_SECONDS
    assert pause(10.0, 1 / 60) == LONGEST_LOOK_SECONDS
    assert pause(0.0, 60.0) <= 0.1  # whoever paints once a minute may begin to paint faster


def test_eight_who_ask_at_once_get_the_same_picture(ring: FrameRing) -> None:
    async def try_it() -> None:
        feed = Feed(ring, lambda _: None, 1)
        first = [asyncio.create_task(feed.picture(encoders.jpeg)) for _ in range(8)]
        await asyncio.sleep(0)
        ring.write(card(), time=clocks.now())
        async with asyncio.timeout(PATIENCE):
            pictures = await asyncio.gather(*first)
            assert len({id(picture) for picture in pictures}) == 1
            again = await feed.picture(encoders.jpeg, after=pictures[0].sequence, held=0.05)
            assert again is pictures[0]
            assert feed.figures()["encodes_per_s"] > 0 and feed._encodes == 0
            waiting = asyncio.create_task(feed.picture(encoders.jpeg, after=again.sequence))
            await asyncio.sleep(0)
            feed.close()
            with pytest.raises(FeedClosedError):
                await waiting

    asyncio.run(try_it())


def test_a_reader_that_takes_nothing_for_long_is_disconnected(ring: FrameRing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "STALLED_SECONDS", 2.5)  # two figures and more see the readers
    listener = listen.bind()
    here, there = pair()
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(ring, listener, there, 32)))
    thread.start()
    channel: Channel[messages.Event] = Channel(here, messages.Event)
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    until = clocks.now() + PATIENCE
    seen: list[float] = []
    readers = []
    for request in (
        b"GET /frames.mjpeg HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /frames.ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    ):
        reader = socket.socket()
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.connect(listener.getsockname())
        reader.sendall(request)
        readers.append(reader)
    gone = threading.Event()
    while clocks.now() < until and not (2.0 in seen and seen[-1] == 0):
        ring.write(noise, time=clocks.now())
        seen += [event.figures["readers"] for event in channel.receive() if isinstance(event, messages.Alive)]
        gone.wait(0.02)
    channel.send(messages.Stop())
    thread.join(PATIENCE)
    for end in (*readers, channel, listener):
        end.close()
    assert seen[-1] == 0
