"""Bundles wait for their timetags here, on the loop's own timer."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable

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
    """The 64-bit NTP timetag of a Unix time in seconds (wrapping in 2036, as NTP does)."""
    return round((when + _UNIX_EPOCH) * (1 << 32)) & (1 << 64) - 1


def seconds_ahead(tag: int, wall: float) -> float:
    """How far a timetag lies ahead of the Unix time ``wall``; negative for the past.

    Tags before 1900-01-01 00:00:01 mean immediately: 1 does by definition, 0 is a common mistake.
    """
    if tag >> 32 == 0:
        return float("-inf")
    ahead = (tag - timetag(wall)) % (1 << 64)  # NTP's era follows from being near
    return (ahead - (1 << 64) if ahead >> 63 else ahead) / (1 << 32)


class Schedule:
    """Runs each bundle's messages together and in their order, when they are due; at once where that is past."""

    def __init__(self, run: Run, wall: Callable[[], float] = time.time) -> None:
        """``wall`` tells Unix time, which timetags are in."""
        self._run = run
        self._wall = wall
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, list[Message], Client, int]] = []
        self._messages = 0
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None

    def add(self, bundle: Bundle, size: int, client: Client) -> None:
        """Take a bundle that came in a packet of ``size`` bytes. Raises ArgumentError; then nothing of it is run."""
        moments: dict[float, list[Message]] = {}
        self._collect(bundle, float("-inf"), self._wall(), moments)
        now = moments.pop(float("-inf"), [])
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
        for ahead, messages in moments.items():
            share = size * len(messages) // waiting
            self._messages += len(messages)
            self._bytes += share
            heapq.heappush(self._waiting, (loop.time() + ahead, next(self._order), messages, client, share))
        self._arm(loop)

    def clear(self) -> None:
        """Forget everything that waits."""
        self._waiting.clear()
        self._messages = self._bytes = 0
        if self._timer is not None:
            self._timer.cancel()

    def _collect(self, bundle: Bundle, at_least: float, wall: float, moments: dict[float, list[Message]]) -> None:
        ahead = seconds_ahead(bundle.timetag, wall)
        if ahead > MAX_AHEAD:
            raise ArgumentError(f"a timetag must be at most {MAX_AHEAD:g} s ahead, got {ahead:.3f} s")
        if ahead <= 0:
            ahead = float("-inf")
        ahead = max(ahead, at_least)  # a bundle within a bundle is never before it
        for element in bundle.elements:
            if isinstance(element, Message):
                moments.setdefault(ahead, []).append(element)
            else:
                self._collect(element, ahead, wall, moments)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = loop.call_at(self._waiting[0][0], self._due) if self._waiting else None

    def _due(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and self._waiting[0][0] <= loop.time():
            _, _, messages, client, share = heapq.heappop(self._waiting)
            self._messages -= len(messages)
            self._bytes -= share
            for message in messages:
                self._run(message, client)
        self._arm(loop)
