"""Waits for newer frames: shared memory cannot wake anybody, so it has to be looked at, though no more than needed."""

import asyncio
from collections import deque
from collections.abc import Callable

from bridge import clocks
from bridge.media.ring import FrameRing

LOOK_SECONDS = 0.001
"""From one look to the next while a frame is due."""
LONGEST_LOOK_SECONDS = 0.010
"""The same while frames stand still."""
EARLY = 0.8
"""A frame is looked for from this part of the usual interval on."""
REMEMBERED = 4
"""Intervals; the shortest of them is the usual one."""


class Watch:
    """Looks at a ring for as long as somebody waits or reads. Belongs to one event loop."""

    def __init__(self, ring: FrameRing, reading: Callable[[], bool]) -> None:
        """``reading`` tells whether somebody will wait again soon."""
        self._ring = ring
        self._reading = reading
        self._waiting: set[asyncio.Future[None]] = set()
        self._looking: asyncio.Task[None] | None = None

    async def change(self, seconds: float | None) -> None:
        """Wait until there is a newer frame than now, for so many seconds at most. May return early."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            pass
        finally:
            self._waiting.discard(future)

    def wake(self) -> None:
        """Have everybody who waits look for themselves."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """End the wait of everybody."""
        self.wake()
        if self._looking is not None:
            self._looking.cancel()

    async def _look(self) -> None:
        try:
            newest, changed = self._ring.newest, clocks.now()
            intervals: deque[float] = deque([0.0], REMEMBERED)
            self.wake()  # a frame may have come between a reader's look and this one
            while self._waiting or self._reading():
                await asyncio.sleep(pause(clocks.now() - changed, min(intervals)))
                if self._ring.newest != newest:
                    now = clocks.now()
                    intervals.append((now - changed) / abs(self._ring.newest - newest))
                    newest, changed = self._ring.newest, now
                    self.wake()
        finally:
            self._looking = None


def pause(elapsed: float, interval: float) -> float:
    """Return the seconds until the next look: ``elapsed`` since the last frame, frames come every ``interval``."""
    early = EARLY * interval - elapsed
    if early > LOOK_SECONDS:
        return min(early, LONGEST_LOOK_SECONDS * 10)
    return min(max((elapsed - interval) / 8, LOOK_SECONDS), LONGEST_LOOK_SECONDS)
