"""The HTTP server of the media process: start, run, stop, and word to control."""

import asyncio
import contextlib
import socket

import uvicorn

from bridge.channel import AsyncChannel
from bridge.media import app, flow, listen, sink
from bridge.media.feed import Feed
from bridge.media.messages import Alive, Command, Event, Problem, Ready, Stop
from bridge.media.ring import FrameRing

ALIVE_SECONDS = 1.0
REPEAT_SECONDS = 10.0
"""The same problem is not reported again sooner."""
GRACE_SECONDS = 1
"""For streams to end by themselves."""


async def serve(ring: FrameRing, listener: socket.socket, sock: socket.socket, max_readers: int) -> None:
    """Serve frames over HTTP on ``listener`` until control says Stop over ``sock``, or is gone."""
    channel: AsyncChannel[Command] = await AsyncChannel.open(sock, Command)
    problems = _Problems(channel)
    feed = Feed(ring, problems.report, max_readers)
    sinks = sink.discover(problems.report)
    config = uvicorn.Config(
        app.build(feed, sinks, listener.getsockname()[0]),
        http=flow.Http,
        ws=flow.WebSocket,
        ws_max_size=65536,  # readers have nothing to say
        ws_ping_interval=None,  # flow.WebSocket knows who is gone
        ws_per_message_deflate=False,  # a JPEG does not get smaller
        lifespan="off",
        log_config=None,
        log_level="critical",  # what goes wrong is told to control
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    watching = asyncio.create_task(_until_stopped(channel))
    await asyncio.wait({asyncio.create_task(server.ready.wait()), serving}, return_when=asyncio.FIRST_COMPLETED)
    paths = tuple(path for found in sinks for path in found.paths)
    channel.send(Ready(listen.url(listener), paths))
    telling = asyncio.create_task(_tell(channel, feed))
    await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    feed.close()  # so that the streams end by themselves
    server.should_exit = True
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(serving, 2 * GRACE_SECONDS)
    channel.close()


async def _until_stopped(channel: AsyncChannel[Command]) -> None:
    async for message in channel.messages():
        if isinstance(message, Stop):
            return


async def _tell(channel: AsyncChannel[Command], feed: Feed) -> None:
    while True:
        await asyncio.sleep(ALIVE_SECONDS)
        channel.send(Alive(feed.figures()))


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, that says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to control."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept."""
        await super().startup(sockets)
        self.ready.set()


class _Problems:
    """Tells control of problems, the same one not over and over."""

    def __init__(self, channel: AsyncChannel[Command]) -> None:
        self._channel = channel
        self._told: dict[str, float] = {}

    def report(self, text: str) -> None:
        now = asyncio.get_running_loop().time()
        self._told = {old: when for old, when in self._told.items() if now - when < REPEAT_SECONDS}
        if text not in self._told:
            self._told[text] = now
            event: Event = Problem(text)
            self._channel.send(event)
