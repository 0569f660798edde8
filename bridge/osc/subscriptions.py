"""Who is sent what, how often, and until when."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from bridge.addresses import ArgumentError
from bridge.osc.transport import Client

MAX_PER_CLIENT = 256
MAX_TOTAL = 32_768
"""A hundred clients with a few hundred each."""
AT_ONCE = 0.0
"""The rate of who wants every change."""


class Subscription(msgspec.Struct, eq=False):
    """A pattern that a client wants, until ``ends`` on the clock."""

    client: Client
    """Where to send; for UDP at the port that it asked for."""
    pattern: str
    paths: tuple[str, ...]
    """The addresses that the pattern matches."""
    ends: float
    rate: float = AT_ONCE
    """Hz: how often a parameter's newest value is sent at most; AT_ONCE: on every change."""


class Wanted(msgspec.Struct, frozen=True):
    """Who wants an address."""

    all: tuple[Client, ...] = ()
    at_once: tuple[Client, ...] = ()
    limited: Mapping[float, tuple[Client, ...]] = {}
    """The others, by the rate that they asked for."""


_NOBODY = Wanted()


class Subscriptions:
    """All subscriptions. A subscriber is where the packets go, so the same wish sent from another port renews it."""

    def __init__(self, expand: Callable[[str], Sequence[str]], changed: Callable[[], None] | None = None) -> None:
        """``expand`` returns the addresses that a pattern matches; nobody can want what is not among all of these.

        ``changed`` is called after subscriptions came or went; a renewal is no change.
        """
        self._expand = expand
        self._changed = changed
        self._by_client: dict[Client, dict[str, Subscription]] = {}
        self._by_path: dict[str, dict[Client, list[Subscription]]] = {}
        self._rates: dict[str, dict[Client, float]] = {}  # of each client's wishes for an address the quickest
        self._total = 0
        self._wanted: dict[str, Wanted] = {}

    def __len__(self) -> int:
        return self._total

    def add(self, client: Client, text: str, ends: float, rate: float = AT_ONCE) -> None:
        """Begin or renew. Raises OscError for no pattern, ArgumentError for too many."""
        held = self._by_client.get(client, {})
        if text in held:
            held[text].ends = ends
            if rate != held[text].rate:
                held[text].rate = rate
                for path in held[text].paths:
                    self._set_rate(path, client)
            return
        if len(held) >= MAX_PER_CLIENT:
            raise ArgumentError(f"a client may have at most {MAX_PER_CLIENT} subscriptions, this one has {len(held)}")
        if self._total >= MAX_TOTAL:
            raise ArgumentError(f"there may be at most {MAX_TOTAL} subscriptions, there are {self._total}")
        subscription = Subscription(client, text, tuple(self._expand(text)), ends, rate)
        self._by_client.setdefault(client, held)[text] = subscription
        for path in subscription.paths:
            self._by_path.setdefault(path, {}).setdefault(client, []).append(subscription)
            self._set_rate(path, client)
        self._total += 1
        self._tell_changed()

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
        return tuple(self._rates.get(path, ()))

    def wanted(self, path: str) -> Wanted:
        """Who wants an address, and how often; of a client's wishes for it the quickest counts."""
        found = self._wanted.get(path)
        if found is None:
            rates = self._rates.get(path)
            found = self._wanted[path] = _wanted(rates) if rates else _NOBODY
        return found

    def clients(self) -> tuple[Client, ...]:
        """Everyone who has a subscription."""
        return tuple(self._by_client)

    def _end(self, ended: list[Subscription]) -> None:
        for wish in ended:
            held = self._by_client[wish.client]
            del held[wish.pattern]
            if not held:
                del self._by_client[wish.client]
            for path in wish.paths:
                self._by_path[path][wish.client].remove(wish)
                self._set_rate(path, wish.client)
        self._total -= len(ended)
        if ended:
            self._tell_changed()

    def _set_rate(self, path: str, client: Client) -> None:
        """Note the quickest rate at which a client wants an address now, if it does."""
        self._wanted.pop(path, None)
        rates = [wish.rate for wish in self._by_path[path][client]]
        if rates:
            self._rates.setdefault(path, {})[client] = AT_ONCE if AT_ONCE in rates else max(rates)
        else:
            del self._by_path[path][client]
            del self._rates[path][client]

    def _tell_changed(self) -> None:
        if self._changed is not None:
            self._changed()


def _wanted(rates: Mapping[Client, float]) -> Wanted:
    groups: dict[float, list[Client]] = {}
    for client, rate in rates.items():
        groups.setdefault(rate, []).append(client)
    at_once = tuple(groups.pop(AT_ONCE, ()))
    return Wanted(tuple(rates), at_once, {rate: tuple(clients) for rate, clients in groups.items()})
