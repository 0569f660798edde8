"""The newest frame for whoever asks, encoded once however many ask.

Nothing queues here: a reader asks when it can take a picture, and gets the newest there is then.
"""

import asyncio
import contextlib
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

import msgspec

from bridge import clocks
from bridge.media.encoders import Encoder
from bridge.media.ring import FrameRing
from bridge.media.watch import Watch

HELD_SECONDS = 1.0
"""A frame that no newer one follows is given again this often, so that players do not give up."""


Data = TypeVar("Data")


class FeedClosedError(Exception):
    """The media process is ending."""


class TooManyReadersError(Exception):
    """No more streams can be served; the text states the rule and the number."""


class Picture(msgspec.Struct, Generic[Data], frozen=True, eq=False):
    """A frame as an encoder made it."""

    data: Data
    sequence: int
    """Number of the frame, counting from 1."""
    time: float
    """When the frame was generated, seconds of ``bridge.clocks.now``."""


class _Encoding(Generic[Data]):
    """The newest picture of one encoder, and the next while it is made."""

    def __init__(self) -> None:
        self.picture: Picture[Data] | None = None
        self.coming: asyncio.Task[Picture[Data] | None] | None = None


class Feed:
    """Gives pictures of the ring's newest frame. Belongs to one event loop."""

    def __init__(self, ring: FrameRing, report: Callable[[str], None], max_readers: int) -> None:
        """``report`` takes what the performer should know."""
        self.ring = ring
        self.report = report
        self.max_readers = max_readers
        self.readers = 0
        self._closed = False
        self._encodings: dict[Encoder[Any], _Encoding[Any]] = {}
        self._watch = Watch(ring, lambda: self.readers > 0)
        self._threads = ThreadPoolExecutor(2, "encode")  # two: a PNG takes long, and no JPEG should wait for it
        self._since = clocks.now()
        self._encodes = self._sends = 0
        self._taken_ages: list[float] = []
        self._sent_ages: list[float] = []

    @contextlib.contextmanager
    def reader(self) -> Iterator[None]:
        """Count a stream for as long as it lasts. Raises TooManyReadersError."""
        if self.readers >= self.max_readers:
            raise TooManyReadersError(f"up to {self.max_readers} streams are served at a time, and so many are")
        self.readers += 1
        try:
            yield
        finally:
            self.readers -= 1

    async def picture(self, encoder: Encoder[Data], after: int = 0, held: float = HELD_SECONDS) -> Picture[Data]:
        """Return the newest frame's picture as soon as its number is above ``after``.

        If none comes within ``held`` seconds, the last one again; before the first frame this waits for it. Raises
        FeedClosedError.
        """
        until = clocks.now() + held
        while True:
            if self._closed:
                raise FeedClosedError
            if self.ring.newest > after:
                picture = await self._encoded(encoder)
                if picture is not None and picture.sequence > after:
                    return picture
            elif after and clocks.now() >= until:
                picture = await self._encoded(encoder)
                if picture is not None:
                    return picture
            await self._watch.change(max(until - clocks.now(), 0.001) if after else None)

    async def still(self, encoder: Encoder[Data]) -> Picture[Data] | None:
        """Return the newest frame's picture now, None before the first."""
        return await self._encoded(encoder) if self.ring.newest else None

    def sent(self, picture: Picture[Any], after: int) -> None:
        """Count a picture that a reader has been given, who had the one numbered ``after`` before."""
        self._sends += 1
        if picture.sequence > after:  # the age of a frame that is held says nothing about the way here
            self._sent_ages.append(clocks.now() - picture.time)

    def figures(self) -> dict[str, float]:
        """Return what was measured since the last call, as ``messages.Alive`` describes it."""
        now = clocks.now()
        seconds, self._since = max(now - self._since, 1e-3), now
        figures = {
            "readers": float(self.readers),
            "encodes_per_s": self._encodes / seconds,
            "sends_per_s": self._sends / seconds,
        }
        for name, ages in (("frame_age_p50_ms", self._taken_ages), ("sent_age_p50_ms", self._sent_ages)):
            if ages:
                figures[name] = 1000 * statistics.median(ages)
            ages.clear()
        self._encodes = self._sends = 0
        return figures

    def close(self) -> None:
        """End every stream: whoever waits or asks is told FeedClosedError."""
        self._closed = True
        self._watch.close()
        self._threads.shutdown()

    async def _encoded(self, encoder: Encoder[Data]) -> Picture[Data] | None:
        """Return a picture of the newest frame, or of one a moment older that is just being made."""
        encoding: _Encoding[Data] = self._encodings.setdefault(encoder, _Encoding())
        if encoding.coming is None:
            if encoding.picture is not None and encoding.picture.sequence == self.ring.newest:
                return encoding.picture
            encoding.coming = asyncio.create_task(self._encode(encoder, encoding))
        return await asyncio.shield(encoding.coming)  # others wait for it too, whatever becomes of this reader

    async def _encode(self, encoder: Encoder[Data], encoding: _Encoding[Data]) -> Picture[Data] | None:
        try:
            if self._closed:
                raise FeedClosedError
            loop = asyncio.get_running_loop()
            encoding.picture = await loop.run_in_executor(self._threads, self._make, encoder) or encoding.picture
            return encoding.picture
        finally:
            encoding.coming = None

    def _make(self, encoder: Encoder[Data]) -> Picture[Data] | None:
        frame = self.ring.latest()
        if frame is None:
            return None
        self._taken_ages.append(frame.age())
        self._encodes += 1
        return Picture(encoder(frame), frame.sequence, frame.time)
