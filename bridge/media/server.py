"""The HTTP server of the media process: start, run, stop, and word to control."""

import asyncio
import contextlib
import socket

from bridge.channel import AsyncChannel
from bridge.media import app, listen, sink, source
from bridge.media.feed import Feed
from bridge.media.intake import Intake
from bridge.media.messages import Alive, Command, Configure, Event, Problem, Ready, Stop
from bridge.media.page.about import About
from bridge.media.page.site import Site
from bridge.media.quiet import GRACE_SECONDS, Server
from bridge.media.ring import FrameRing
from bridge.media.served import Served
from bridge.oscquery.server import serving as serving_oscquery

ALIVE_SECONDS = 1.0
REPEAT_SECONDS = 10.0
"""The same problem is not reported again sooner."""


async def serve(
    ring: FrameRing,
    listener: socket.socket,
    sock: socket.socket,
    max_readers: int,
    input_name: str = "",
    about: About | None = None,
) -> None:
    """Serve frames and, with ``about``, the control room over HTTP on ``listener`` until control says Stop over
    ``sock``, or is gone.

    What comes in is written to the ring named ``input_name``; empty: nothing is taken in.
    """
    channel: AsyncChannel[Command] = await AsyncChannel.open(sock, Command)
    problems = _Problems(channel)
    feed = Feed(ring, problems.report, max_readers)
    kinds = [*sink.discover(problems.report), *(source.discover(problems.report) if input_name else ())]
    served = Served(feed, Intake(input_name, problems.report), kinds)
    bound = listener.getsockname()[:2]
    server = Server(app.build(feed, [*Site(about, bound).routes(), *served.routes], bound[0]))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    watching = asyncio.create_task(_until_stopped(channel, served))
    await asyncio.wait({asyncio.create_task(server.ready.wait()), serving}, return_when=asyncio.FIRST_COMPLETED)
    channel.send(Ready(listen.url(listener), served.paths))
    telling = asyncio.create_task(_tell(channel, feed))
    async with serving_oscquery(about, problems.report):
        await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    await served.close()
    feed.close()  # so that the streams end by themselves
    server.should_exit = True
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(serving, 2 * GRACE_SECONDS)
    channel.close()


async def _until_stopped(channel: AsyncChannel[Command], served: Served) -> None:
    async for message in channel.messages():
        match message:
            case Configure():
                served.set(message.at, message.params)
            case Stop():
                return


async def _tell(channel: AsyncChannel[Command], feed: Feed) -> None:
    while True:
        await asyncio.sleep(ALIVE_SECONDS)
        channel.send(Alive(feed.figures()))


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
