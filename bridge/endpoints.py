"""The sinks and sources that have a process of their own, and the parameters of all: what control does about them."""

import asyncio
from collections.abc import Callable
from typing import Any

from bridge.addresses import Table
from bridge.child import Child, Loss
from bridge.media import messages as m
from bridge.media import runner
from bridge.media.declared import path_of
from bridge.media.endpoint import Endpoint, Places
from bridge.media.sink import SentSink
from bridge.media.source import ReadSource
from bridge.parameters import Parameters
from models.contract import Value

APART = (SentSink, ReadSource)
"""What has a process of its own."""
HANG_AFTER = 10.0
"""Seconds without a sign of life, which comes every second, after which a sink is taken to hang."""


class Endpoints:
    """Starts and ends processes as ``/sinks/NAME/on`` says, and passes parameters on."""

    def __init__(
        self,
        table: Table,
        parameters: Parameters,
        places: Places,
        *,
        to_media: Callable[[m.Command], None],
        report: Callable[[str, str], None],
        facts: dict[str, int | float | str],
    ) -> None:
        """``report(path, reason)`` tells the performer; ``facts`` is what ``/info`` knows."""
        self._parameters, self._places = parameters, places
        self._to_media, self._report, self._facts = to_media, report, facts
        self._kinds = {kind.at(): kind for kind in table.endpoints}
        self._children: dict[str, Child[Any]] = {}
        self._ending: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start what is on from the beginning."""
        for at in self._kinds:
            self._apply(at)

    def changed(self, path: str) -> None:
        """A parameter below ``/sinks`` or ``/sources`` was set."""
        at, _, name = path.rpartition("/")
        self._apply(at)
        if name == "on" and at in self._children:
            self._children[at].hurry()

    def settings(self) -> tuple[m.Configure, ...]:
        """What a media process has to know first."""
        return tuple(
            self._setting(at) for at, kind in self._kinds.items() if not issubclass(kind, SentSink | ReadSource)
        )

    def pids(self) -> dict[str, int]:
        """The processes that run, by the sink's or source's address."""
        return {at: child.pid or 0 for at, child in self._children.items()}

    async def stop(self) -> None:
        """End every process."""
        for at in tuple(self._children):
            self._end(at)
        if self._ending:
            await asyncio.wait(self._ending)

    def _values(self, at: str) -> dict[str, Value]:
        return {name: self._parameters.values[f"{at}/{name}"] for name in self._kinds[at].params()}

    def _setting(self, at: str) -> m.Configure:
        return m.Configure(at, self._values(at))

    def _apply(self, at: str) -> None:
        kind = self._kinds[at]
        if not issubclass(kind, APART):
            self._to_media(self._setting(at))
        elif not self._parameters.values[f"{at}/on"]:
            self._end(at)
        elif at in self._children:
            self._children[at].send(self._setting(at))
        else:
            self._begin(at, kind)

    def _begin(self, at: str, kind: type[Endpoint]) -> None:
        child: Child[Any] = Child(
            kind.name,
            runner.run,
            lambda: (path_of(kind), self._places, self._values(at)),
            m.Event,
            on_event=lambda event: self._on_event(at, event),
            on_lost=lambda loss: self._on_lost(at, loss),
            hang_after=HANG_AFTER,
        )
        self._children[at] = child
        child.start()

    def _end(self, at: str) -> None:
        child = self._children.pop(at, None)
        if child is not None:
            ending = asyncio.get_running_loop().create_task(child.stop(m.Stop()))
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    def _on_event(self, at: str, event: m.Event) -> None:
        match event:
            case m.Alive():
                self._facts.update({f"{at[1:]}/{name}": value for name, value in event.figures.items()})
            case m.Problem():
                self._report(f"{at}/on", event.text)
            case m.Failed():
                self._turn_off(at, event.text)

    def _on_lost(self, at: str, loss: Loss) -> None:
        if not loss.told:
            at_once = f"; {at}/on 1 tries at once" if loss.seldom else ""
            self._report(f"{at}/on", loss.text + at_once)

    def _turn_off(self, at: str, reason: str) -> None:
        self._report(f"{at}/on", reason)
        if at in self._children:
            self._parameters.set(f"{at}/on", False)
