"""What a sink is: one file in this package with one subclass of :class:`Sink`, found, not listed."""

import asyncio
import contextlib
import importlib
import pkgutil
from collections.abc import Callable, Coroutine, Sequence
from typing import ClassVar

from starlette.routing import BaseRoute
from starlette.types import Receive

from bridge.media.feed import Feed


class Sink:
    """Gives frames to whoever connects, each reader at its own pace."""

    paths: ClassVar[tuple[str, ...]]
    """Where it is found under the page's address."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed

    def routes(self) -> Sequence[BaseRoute]:
        """What it answers over HTTP."""
        raise NotImplementedError


def discover(report: Callable[[str], None]) -> tuple[type[Sink], ...]:
    """Return every sink in this package; one that cannot be imported is reported, and does without."""
    import bridge.media

    found = []
    for entry in pkgutil.iter_modules(bridge.media.__path__, "bridge.media."):
        try:
            module = importlib.import_module(entry.name)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, or with a library that it needs)
            report(f"{entry.name} cannot be used: {type(error).__name__}: {error}")
            continue
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Sink) and value.__module__ == entry.name != __name__
        ]
    return tuple(found)


async def while_connected(receive: Receive, stream: Coroutine[None, None, None]) -> None:
    """Run ``stream`` until it ends or the reader goes away; what the reader says is thrown away."""
    streaming = asyncio.ensure_future(stream)
    leaving = asyncio.ensure_future(_disconnected(receive))
    tasks = {streaming, leaving}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
