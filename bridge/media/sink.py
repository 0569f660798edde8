"""What a sink is: one file in ``bridge/media/sinks`` with one subclass of a class here, found, not listed.

The class attributes are its parameters, at ``/sinks/NAME/…``. Control reads them, so a sink's file imports what is
heavy (encoders, HTTP, libraries of an extra) where it is used, not at its top.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from bridge.media.endpoint import Endpoint, Places, found_in
from models.contract import Param, Value

if TYPE_CHECKING:
    from starlette.routing import BaseRoute
    from starlette.types import Receive

    from bridge.media.feed import Feed
    from bridge.media.ring import Frame


class Sink(Endpoint):
    """Shared by both kinds."""

    root = "/sinks"


class ServedSink(Sink):
    """Waits in the media process for those who ask over HTTP, each of them served at its own pace."""

    on = Param(True, doc="Whether who asks is answered.")
    paths: ClassVar[tuple[str, ...]]
    """Where it is found under the page's address."""

    def __init__(self, feed: "Feed") -> None:
        self.feed = feed

    def routes(self) -> "Sequence[BaseRoute]":
        """What it answers over HTTP."""
        raise NotImplementedError

    async def close(self) -> None:
        """It is turned off, or media ends: let go of what outlives a request."""


class SentSink(Sink):
    """Goes out to a receiver by itself, from a process of its own: it may crash or hang without touching the others.

    One is made when it is turned on, and made anew whenever a parameter of its changes, but for the delay.
    """

    delay = Param(
        0.0,
        low=0.0,
        high=500.0,
        unit="ms",
        doc="How much later frames go out here, so that they are seen with those of a slower screen.",
    )

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        """Open what it sends to; ``params`` has every parameter by name.

        Raises ImportError without its extra, EndpointError where it can never work as asked, OSError where it may
        later.
        """

    def send(self, frame: "Frame") -> None:
        """Send one frame; the next is the newest there is when this returns. Raises EndpointError or OSError."""
        raise NotImplementedError

    def idle(self) -> None:
        """Called a hundred times a second and more, for what cannot wait until the next frame."""

    def close(self) -> None:
        """Let go."""


def discover(report: Callable[[str], None] = lambda _: None) -> tuple[type[Sink], ...]:
    """Return every sink, ordered by name; one that cannot be imported is reported, and does without."""
    import bridge.media.sinks as folder

    return cast(tuple[type[Sink], ...], found_in(folder, Sink, report))


async def while_connected(receive: "Receive", stream: Awaitable[None]) -> None:
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


async def _disconnected(receive: "Receive") -> None:
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass
