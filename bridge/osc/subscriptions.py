"""Who is sent what, and until when."""

from collections.abc import Callable

import msgspec

from bridge.addresses import ArgumentError
from bridge.osc.patterns import Pattern
from bridge.osc.transport import Client

MAX_PER_CLIENT = 256
MAX_TOTAL = 1_024


class Subscription(msgspec.Struct):
    """A pattern that a client wants, until ``ends`` on the clock."""

    client: Client
    """Where to send; for UDP at the port that it asked for."""
    pattern: Pattern
    ends: float


class Subscriptions:
    """All subscriptions. A subscriber is where the packets go, so the same wish sent from another port renews it."""

    def __init__(self, changed: Callable[[], None] | None = None) -> None:
        """``changed`` is called after subscriptions came or went; a renewal is no change."""
        self._changed = changed
        self._by_client: dict[Client, dict[str, Subscription]] = {}
        self._total = 0
        self._matching: dict[str, tuple[Client, ...]] = {}

    def __len__(self) -> int:
        return self._total

    def add(self, client: Client, text: str, ends: float) -> None:
        """Begin or renew. Raises OscError for no pattern, ArgumentError for too many."""
        held = self._by_client.get(client, {})
        if text in held:
            held[text].ends = ends
            return
        if len(held) >= MAX_PER_CLIENT:
            raise ArgumentError(f"a client may have at most {MAX_PER_CLIENT} subscriptions, this one has {len(held)}")
        if self._total >= MAX_TOTAL:
            raise ArgumentError(f"there may be at most {MAX_TOTAL} subscriptions, there are {self._total}")
        subscription = Subscription(client, Pattern(text), ends)
        self._by_client.setdefault(client, held)[text] = subscription
        self._total += 1
        self._set_changed()

    def remove(self, client: Client, text: str) -> list[str]:
        """End a subscription, or all of a client's for ``*``; return the patterns that ended."""
        held = self._by_client.get(client, {})
        ended = list(held) if text == "*" else [text] if text in held else []
        self._end([held[pattern] for pattern in ended])
        return ended

    def expire(self, now: float) -> list[Subscription]:
        """End what has run out, and return it."""
        ended = [wish for held in self._by_client.values() for wish in held.values() if wish.ends <= now]
        self._end(ended)
        return ended

    def matching(self, path: str) -> tuple[Client, ...]:
        """The clients who want an address, each once."""
        found = self._matching.get(path)
        if found is None:
            found = tuple(
                client
                for client, held in self._by_client.items()
                if any(wish.pattern.matches(path) for wish in held.values())
            )
            if len(self._matching) < 1_024:
                self._matching[path] = found
        return found

    def clients(self) -> tuple[Client, ...]:
        """Everyone who has a subscription."""
        return tuple(self._by_client)

    def _end(self, ended: list[Subscription]) -> None:
        for wish in ended:
            held = self._by_client[wish.client]
            del held[wish.pattern.text]
            if not held:
                del self._by_client[wish.client]
        self._total -= len(ended)
        if ended:
            self._set_changed()

    def _set_changed(self) -> None:
        self._matching.clear()
        if self._changed is not None:
            self._changed()
