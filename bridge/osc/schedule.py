"""Bundles wait for their timetags here, on the loop's own timer."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import NamedTuple

from bridge.addresses import ArgumentError
from bridge.osc.transport import Client
from bridge.osc.wire import Bundle, Message

MAX_WAITING = 4_096
"""Messages that wait."""
MAX_WAITING_BYTES = 16 << 20
"""Bytes of the packets that they came in."""
MAX_AHEAD = 60.0
"""Seconds that a timetag may lie ahead."""

_UNIX_EPOCH = 2_208_988_800  # seconds from 1900, which timetags count from, to 1970

Run = Callable[[Message, Client], None]


def timetag(when: float) -> int:
    """The 64-bit NTP timetag of a Unix time in seconds (it begins again in 2036)."""
    return _ticks(when) & (1 << 64) - 1


def moment(tag: int, wall: float) -> int:
    """The 2**-32 seconds from 1900 to a timetag, in the NTP era that brings it nearest to the Unix time ``wall``.

    The first second of 1900 means immediately: 1 does by definition, 0 is a common mistake.
    """
    if tag >> 32 == 0:
        return 0
    now = _ticks(wall)
    ahead = (tag - now) % (1 << 64)
    return now + (ahead - (1 << 64) if ahead >> 63 else ahead)


def _ticks(when: float) -> int:
    return round((when + _UNIX_EPOCH) * (1 << 32))


class _Waiting(NamedTuple):
    when: int
    order: int
    due: float  # on the loop's clock
    messages: list[Message]
    client: Client
    share: int  # of its packet's bytes


class Schedule:
    """Runs each bundle's messages together and in their order, when they are due; at once where that is past."""

    def __init__(self, run: Run, wall: Callable[[], float] = time.time) -> None:
        """``wall`` tells Unix time, which timetags are in."""
        self._run = run
        self._wall = wall
        self._order = itertools.count()
        self._waiting: list[_Waiting] = []
        self._messages = 0
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, bundle: Bundle, size: int, client: Client) -> None:
        """Take a bundle that came in a packet of ``size`` bytes. Raises ArgumentError; then nothing of it is run."""
        wall = self._wall()
        moments: dict[int, list[Message]] = {}
        self._collect(bundle, 0, wall, moments)
        now = moments.pop(0, [])
        waiting = sum(map(len, moments.values()))
        if self._messages + waiting > MAX_WAITING:
            raise ArgumentError(f"at most {MAX_WAITING} messages may wait for their timetags, {self._messages} do")
        if moments and self._bytes + size > MAX_WAITING_BYTES:
            raise ArgumentError(f"at most {MAX_WAITING_BYTES} bytes may wait for their timetags, {self._bytes} do")
        for message in now:
            self._run(message, client)
        if not moments:
            return
        loop = asyncio.get_running_loop()
        for when, messages in moments.items():
            due = loop.time() + (when - _ticks(wall)) / (1 << 32)
            share = size * len(messages) // waiting
            self._messages += len(messages)
            self._bytes += share
            # Sorted by what the timetags say: the loop's time, read anew for each, would part what belongs together.
            heapq.heappush(self._waiting, _Waiting(when, next(self._order), due, messages, client, share))
        self._arm(loop)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._waiting.clear()
        self._messages = self._bytes = 0
        if self._timer is not None:
            self._timer.cancel()

    def _collect(self, bundle: Bundle, at_least: int, wall: float, moments: dict[int, list[Message]]) -> None:
        when = moment(bundle.timetag, wall)
        ahead = (when - _ticks(wall)) / (1 << 32)
        if ahead > MAX_AHEAD:
            raise ArgumentError(f"a timetag must be at most {MAX_AHEAD:g} s ahead, got {ahead:.3f} s")
        when = max(when if ahead > 0 else 0, at_least)  # a bundle within a bundle is never before it
        for element in bundle.elements:
            if isinstance(element, Message):
                moments.setdefault(when, []).append(element)
            else:
                self._collect(element, when, wall, moments)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._waiting[0].due, self._due) if self._waiting else None

    def _due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0].due <= loop.time():
            waiting = heapq.heappop(self._waiting)
            self._messages -= len(waiting.messages)
            self._bytes -= waiting.share
            for message in waiting.messages:
                self._run(message, waiting.client)
        self._arm(loop)
