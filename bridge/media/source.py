"""What a source is: one file in ``bridge/media/sources`` with one subclass of a class here, found, not listed.

Sources bring frames for the models that take some in. There is one place for them, a ring (:mod:`bridge.media.ring`):
the source that was begun last has it. As with sinks, what is heavy is imported where it is used.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from bridge.media.endpoint import Endpoint, Places, found_in
from models.contract import Param, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from starlette.routing import BaseRoute

    from bridge.media.intake import Intake


class Source(Endpoint):
    """Shared by both kinds."""

    root = "/sources"


class ReadSource(Source):
    """Fetches frames by itself, in a process of its own.

    One is made when it is turned on, and made anew whenever a parameter of its changes.
    """

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        """Open what it reads from; ``params`` has every parameter by name.

        Raises ImportError without its extra, EndpointError where it can never work as asked, OSError where it may
        later.
        """

    def read(self) -> "NDArray[np.uint8] | None":
        """Return the next frame when its time has come, RGB, uint8 [height, width, 3]; None where there is none yet.

        Takes a few tenths of a second at most. Raises EndpointError or OSError.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go."""


class ServedSource(Source):
    """Waits in the media process for those who send over HTTP."""

    on = Param(True, doc="Whether who sends is taken in.")
    paths: tuple[str, ...]
    """Where it is found under the page's address."""

    def __init__(self, intake: "Intake") -> None:
        self.intake = intake

    def routes(self) -> "Sequence[BaseRoute]":
        """What it answers over HTTP."""
        raise NotImplementedError

    async def close(self) -> None:
        """It is turned off, or media ends: let go of what outlives a request."""


def discover(report: Callable[[str], None] = lambda _: None) -> tuple[type[Source], ...]:
    """Return every source, ordered by name; one that cannot be imported is reported, and does without."""
    import bridge.media.sources as folder

    return cast(tuple[type[Source], ...], found_in(folder, Source, report))
