"""Changes of parameters for those who want them only so often: of many the newest value, and all in one bundle."""

import asyncio
from collections.abc import Callable

from bridge.osc.transport import Client
from bridge.osc.wire import IMMEDIATELY, encode_bundle

MAX_BUNDLE = 8_000
"""Bytes of a bundle; some receivers (python-osc's blocking servers) take no more than 8,192."""


class Coalescer:
    """Sends what has changed at most so many times a second: at once after a rest, and then at regular moments.

    All who asked for the same rate share the moments, so that each value is encoded once for all of them.
    """

    def __init__(
        self,
        who: Callable[[str, float], tuple[Client, ...]],
        packet_of: Callable[[str], bytes],
        send: Callable[[Client, bytes], None],
    ) -> None:
        """``who(path, rate)`` are the clients that want an address at that rate when it is sent; ``packet_of`` encodes
        its newest value."""
        self._who, self._packet_of, self._send = who, packet_of, send
        self._groups: dict[float, _Group] = {}

    def changed(self, path: str, rate: float) -> None:
        """An address has a new value for those who want it at that rate, in Hz."""
        group = self._groups.get(rate)
        if group is None:
            group = self._groups[rate] = _Group(rate, self._flush)
        group.mark(path)

    def clear(self) -> None:
        """Forget what has not been sent."""
        for group in self._groups.values():
            group.cancel()
        self._groups.clear()

    def _flush(self, rate: float, paths: list[str]) -> None:
        due: dict[Client, list[bytes]] = {}
        for path in paths:
            clients = self._who(path, rate)
            if clients:
                packet = self._packet_of(path)
                for client in clients:
                    due.setdefault(client, []).append(packet)
        known: dict[tuple[bytes, ...], list[bytes]] = {}  # many want the same: it is put together once for all of them
        for client, packets in due.items():
            key = tuple(packets)
            found = known.get(key)
            if found is None:
                found = known[key] = bundles(packets)
            for bundle in found:
                self._send(client, bundle)


class _Group:
    """What has changed for those who want it at one rate.

    There are two moments in each interval, and an address is sent at every other at most: so its rate holds, and what
    changes now and then waits for half an interval, not for a whole one.
    """

    def __init__(self, rate: float, flush: Callable[[float, list[str]], None]) -> None:
        self._rate, self._flush = rate, flush
        self._half = 0.5 / rate
        self._dirty: dict[str, None] = {}  # in the order of the first change
        self._last: dict[str, None] = {}  # what was sent at the moment before
        self._next = 0.0
        self._timer: asyncio.Handle | None = None

    def mark(self, path: str) -> None:
        self._dirty[path] = None
        if self._timer is None:
            loop = asyncio.get_running_loop()
            now = loop.time()
            if now >= self._next + self._half:  # after a rest
                self._last = {}
            # call_soon then: what else changes in this turn of the loop goes in the same bundle
            self._timer = loop.call_soon(self._due) if self._next <= now else loop.call_at(self._next, self._due)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _due(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        # From the moment that was due, not from now, or a busy loop would make the rate lower than asked for.
        self._next = max(self._next + self._half, now + 0.5 * self._half)
        due = {path: None for path in self._dirty if path not in self._last}
        self._dirty = {path: None for path in self._dirty if path in self._last}
        self._last = due
        if self._dirty:
            self._timer = loop.call_at(self._next, self._due)
        self._flush(self._rate, list(due))


def bundles(packets: list[bytes]) -> list[bytes]:
    """Return the packets as bundles of at most MAX_BUNDLE bytes (but for a packet longer by itself); one alone as it
    is."""
    if len(packets) == 1:
        return packets
    found: list[bytes] = []
    part: list[bytes] = []
    size = 16
    for packet in packets:
        if part and size + 4 + len(packet) > MAX_BUNDLE:
            found.append(encode_bundle(IMMEDIATELY, part))
            part, size = [], 16
        part.append(packet)
        size += 4 + len(packet)
    found.append(encode_bundle(IMMEDIATELY, part))
    return found
