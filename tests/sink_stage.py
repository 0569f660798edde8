"""A sink's or source's own process on a ring, as control would start it."""

import contextlib
import multiprocessing
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bridge import clocks
from bridge.channel import Channel, pair
from bridge.measure.card import TestCard
from bridge.media import messages, runner
from bridge.media.declared import path_of
from bridge.media.endpoint import Endpoint, Places
from bridge.media.ring import FrameRing
from bridge.realtime.now import NowPage
from models.contract import Value

PATIENCE = 30.0
Wanted = TypeVar("Wanted", bound=messages.Message)
spawn = multiprocessing.get_context("spawn")


class Stage:
    """Rings and a now page; sinks run on it within :meth:`running`, frames are written by :meth:`painting`."""

    def __init__(self, folder: Path, width: int = 256, height: int = 192) -> None:
        self.card = TestCard(width, height)
        self.ring, self.incoming = FrameRing.create(1280, 720), FrameRing.create(1280, 720)
        self.page = NowPage.create()
        self.places = Places(self.ring.name, self.incoming.name, self.page.name, str(folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        for ring in (self.ring, self.incoming):
            ring.close()
            ring.unlink()
        self.page.unlink()

    def write(self, number: int | None = None) -> int:
        """Write the card of that number, or of the frame's own."""
        shown = self.ring.newest + 1 if number is None else number
        return self.ring.write(self.card.pixels(shown), time=clocks.now())

    @contextlib.contextmanager
    def painting(self, fps: float = 60) -> Iterator[None]:
        """Write a card so often, meanwhile."""
        done = threading.Event()

        def paint() -> None:
            while not done.wait(1 / fps):
                self.write()

        thread = threading.Thread(target=paint)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    @contextlib.contextmanager
    def running(
        self, kind: type[Endpoint], target: Callable[..., None] = runner.run, **params: Value
    ) -> Iterator["Running"]:
        """Run a sink with those parameters, the others at their defaults."""
        values = {name: param.default for name, param in kind.params().items()} | {"on": True} | params
        here, there = pair()
        process = spawn.Process(target=target, args=(there, path_of(kind), self.places, values))
        process.start()
        there.close()
        running = Running(process, Channel(here, messages.Event), kind, values)
        try:
            yield running
        finally:
            running.stop()


class Running:
    """A process, as control sees it."""

    def __init__(
        self, process: Any, channel: "Channel[messages.Event]", kind: type[Endpoint], values: dict[str, Value]
    ) -> None:
        self.process, self._channel, self._kind, self._values = process, channel, kind, values
        self._events: list[messages.Event] = []

    def set(self, **params: Value) -> None:
        """Change parameters."""
        self._values |= params
        self._channel.send(messages.Configure(self._kind.at(), self._values))

    def wait_for(self, kind: type[Wanted], wanted: Callable[[Any], bool] = lambda _: True) -> Wanted:
        """The next message of that kind that is wanted."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            while self._events:
                event = self._events.pop(0)
                if isinstance(event, kind) and wanted(event):
                    return event
            if select.select([self._channel], [], [], 0.1)[0]:
                self._events += self._channel.receive()
        raise AssertionError(f"no {kind.__name__} within {PATIENCE:g} s")

    def stop(self) -> None:
        """End it as control does."""
        with contextlib.suppress(Exception):
            self._channel.send(messages.Stop())
        self.process.join(PATIENCE)
        if self.process.is_alive():
            self.process.kill()
            raise AssertionError("it does not stop")
        self._channel.close()
