"""Test cards painted at a steady rate into a ring, and media and sinks on it, as control would start them."""

import contextlib
import multiprocessing
import select
import socket
import time
from collections.abc import Iterator
from ctypes import c_double
from typing import Any

from bridge.bench import BenchError
from bridge.channel import Channel, pair
from bridge.clocks import now
from bridge.measure.card import TestCard
from bridge.media import listen, messages, process, runner
from bridge.media.declared import path_of
from bridge.media.endpoint import Endpoint, Places
from bridge.media.ring import FrameRing
from bridge.realtime.now import NowPage
from models.contract import Value

FPS = 60
PATIENCE = 30.0
NUMBERS = 1 << 16
"""Frames whose times are remembered."""
spawn = multiprocessing.get_context("spawn")


class Stage:
    """One size of frames; a context manager."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._opened = contextlib.ExitStack()
        self.ring = FrameRing.create(width, height)
        self._incoming = FrameRing.create(64, 64)
        for ring in (self.ring, self._incoming):
            self._opened.callback(ring.close)
            self._opened.callback(ring.unlink)
        page = NowPage.create()
        self._opened.callback(page.unlink)
        self._places = Places(self.ring.name, self._incoming.name, page.name)
        self.times: Any = spawn.RawArray(c_double, NUMBERS)
        """When each frame was written, by its number."""

    def __enter__(self) -> "Stage":
        self._opened.enter_context(started(paint, self.ring.name, self.width, self.height, self.times))
        until = now() + PATIENCE
        while not self.ring.newest:
            if now() > until:
                self._opened.close()
                raise BenchError("nothing was painted")
            time.sleep(0.01)
        return self

    def __exit__(self, *error: object) -> None:
        self._opened.close()

    @contextlib.contextmanager
    def media(self) -> Iterator[tuple[int, int]]:
        """Run the media process; yield its port and its process id."""
        listener = listen.bind()
        ours, theirs = pair()
        with listener, started(process.run, theirs, listener, self.ring.name) as child:
            theirs.close()
            with _answering(ours, messages.Ready):
                yield listener.getsockname()[1], child.pid

    @contextlib.contextmanager
    def sink(self, kind: type[Endpoint], **params: Value) -> Iterator[None]:
        """Run a sink that sends by itself."""
        values = {name: param.default for name, param in kind.params().items()} | {"on": True} | params
        ours, theirs = pair()
        with started(runner.run, theirs, path_of(kind), self._places, values):
            theirs.close()
            with _answering(ours, messages.Alive):
                yield


def paint(name: str, width: int, height: int, times: Any) -> None:
    """In a process of its own: write a card at each sixtieth of a second, until ended."""
    ring = FrameRing.attach(name)
    card = TestCard(width, height)
    number, due = 1, now()
    while True:
        pixels = card.pixels(number)
        time.sleep(max(0.0, due - now()))
        times[number % NUMBERS] = now()
        ring.write(pixels, time=times[number % NUMBERS])
        number += 1
        due = max(due + 1 / FPS, now())


@contextlib.contextmanager
def started(target: Any, *arguments: Any) -> Iterator[Any]:
    """Run a process for as long as this lasts."""
    child = spawn.Process(target=target, args=arguments, daemon=True)
    child.start()
    try:
        yield child
    finally:
        child.join(0.0)
        if child.is_alive():
            child.terminate()
        child.join(PATIENCE)


@contextlib.contextmanager
def _answering(sock: socket.socket, kind: type[messages.Message]) -> Iterator[None]:
    """Wait for a message of that kind, and end the process in order afterwards."""
    channel: Channel[messages.Event] = Channel(sock, messages.Event)
    try:
        until = now() + PATIENCE
        while True:
            if now() > until:
                raise BenchError(f"a sink's process did not say {kind.__name__}")
            if select.select([channel], [], [], 0.1)[0]:
                events = channel.receive()
                for event in events:
                    if isinstance(event, messages.Failed):
                        raise BenchError(event.text)
                if any(isinstance(event, kind) for event in events):
                    break
        yield
        with contextlib.suppress(Exception):
            channel.send(messages.Stop())
            time.sleep(0.2)
    finally:
        channel.close()
