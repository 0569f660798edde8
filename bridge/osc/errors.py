"""How many errors each client is sent: enough to see what is wrong, too few to drown in."""

from collections import OrderedDict
from collections.abc import Callable

from bridge.osc.transport import Client

PER_SECOND = 10
"""Errors that one client is sent a second; as many at once."""
PER_SECOND_ALL = 200
"""Errors that all clients together are sent a second: senders' addresses can be forged."""
MAX_REMEMBERED = 1_024


class _Bucket:
    """Tokens that fill up again with time."""

    __slots__ = ("_at", "_rate", "_tokens", "unsent")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = self._tokens = rate
        self._at = now
        self.unsent = 0

    def fill(self, now: float) -> bool:
        """Whether there is a token."""
        self._tokens = min(self._rate, self._tokens + (now - self._at) * self._rate)
        self._at = now
        return self._tokens >= 1

    def take(self) -> None:
        self._tokens -= 1


class ErrorBudget:
    """Decides which errors are sent; remembers the clients seen last only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._all = _Bucket(PER_SECOND_ALL, clock())
        self._clients: OrderedDict[Client, _Bucket] = OrderedDict()

    def allows(self, client: Client) -> bool:
        """Whether an error may be sent to the client now; where not, it is counted."""
        now = self._clock()
        bucket = self._clients.get(client)
        if bucket is None:
            bucket = self._clients[client] = _Bucket(PER_SECOND, now)
            if len(self._clients) > MAX_REMEMBERED:
                self._clients.popitem(last=False)
        else:
            self._clients.move_to_end(client)
        # While some are unsent, their sum goes first, so that it is one message and in order.
        if bucket.unsent or not bucket.fill(now) or not self._all.fill(now):
            bucket.unsent += 1
            return False
        bucket.take()
        self._all.take()
        return True

    def summaries(self) -> list[tuple[Client, int]]:
        """Clients that may now be told how many errors they were not sent."""
        now = self._clock()
        found = []
        for client, bucket in self._clients.items():
            if bucket.unsent and bucket.fill(now) and self._all.fill(now):
                bucket.take()
                self._all.take()
                found.append((client, bucket.unsent))
                bucket.unsent = 0
        return found

    def forget(self, client: Client) -> None:
        """The client is gone."""
        self._clients.pop(client, None)
