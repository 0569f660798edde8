"""OSC in and out: packets are decoded, held against the table and handed on; replies, events and errors go back."""

import asyncio
import difflib
import functools
import logging
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import cast

import msgspec

from bridge.addresses import Address, ArgumentError, OscValue, Table
from bridge.clocks import now
from bridge.osc.coalesce import Coalescer
from bridge.osc.errors import ErrorBudget
from bridge.osc.framing import TCP_LIMIT
from bridge.osc.patterns import PatternIndex, is_pattern
from bridge.osc.schedule import Schedule
from bridge.osc.subscriptions import Subscriptions
from bridge.osc.tcp import TcpServer
from bridge.osc.transport import Client, UdpEndpoint, bind
from bridge.osc.wire import UDP_LIMIT, Message, OscError, Value, decode, encode
from bridge.realtime.messages import OscTarget

logger = logging.getLogger(__name__)

_TICK = 0.1  # seconds between looks at leases and unsent errors
_MAX_NAMED = 4_096  # clients whose named reply port is remembered
_MAX_REASON = 500  # characters of an error's path, and of its reason
# What the realtime process sends to UDP subscribers itself, in the order of OscTarget's fields.
_REALTIME = ("/music/note/out", "/music/note/length", "/clock/beat", "/clock/bar", "/music/note/heard")

Handle = Callable[[str, tuple[OscValue, ...], Client], None]


class Counts(msgspec.Struct):
    """What came and went since the start."""

    received: int = 0
    """Messages, whatever became of them."""
    malformed: int = 0
    """Packets that are not OSC."""
    refused: int = 0
    """Messages and bundles that the table, a limit or a handler refused."""
    dropped: int = 0
    """Packets that the system did not take, and TCP clients cut off."""
    flooded: int = 0
    """Packets of UDP clients that were thrown away because they came faster than they could be read."""
    sent: int = 0
    """Packets."""
    errors_unsent: int = 0
    """Errors kept back to spare a client."""


class OscService:
    """The OSC side of the bridge; all of it runs on the event loop, and nothing that arrives can end it."""

    def __init__(
        self,
        table: Table,
        handle: Handle,
        *,
        value_of: Callable[[str], OscValue],
        reply_port: int | None = None,
        note_targets_changed: Callable[[tuple[OscTarget, ...]], None] | None = None,
        clock: Callable[[], float] = now,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """``handle`` takes an address of the table, its checked values and who sent them; it may raise ArgumentError.

        ``value_of`` tells a parameter's value. ``reply_port`` is where UDP clients are answered that named no port.
        ``clock`` times leases and errors; ``wall`` is the Unix time of timetags.
        """
        self.counts = Counts()
        self._table = table
        self._handle = handle
        self._value_of = value_of
        self._reply_port = reply_port
        self._clock = clock
        self._note_targets_changed = note_targets_changed
        self._note_targets: tuple[OscTarget, ...] = ()
        self._entries = table.entries
        self._subscribable = PatternIndex(table.entries)
        self._addressable = PatternIndex(path for path, entry in table.entries.items() if entry.kind != "event")
        self._own = {"/ping": self._ping, "/subscribe": self._subscribe, "/unsubscribe": self._unsubscribe}
        self._subscriptions = Subscriptions(self._subscribable.expand, self._subscriptions_changed)
        self._coalescer = Coalescer(
            lambda path, rate: self._subscriptions.wanted(path).limited.get(rate, ()),
            lambda path: _encode(path, (self._value_of(path),)),
            self._send,
        )
        self._named: OrderedDict[Client, Client] = OrderedDict()  # who named a reply port, and where that is
        self._errors = ErrorBudget(clock)
        self._schedule = Schedule(self._dispatch, wall)
        self._suggestion = functools.lru_cache(maxsize=256)(self._suggest)
        self._udp: UdpEndpoint | None = None
        self._tcp: TcpServer | None = None
        self._ticker: asyncio.TimerHandle | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 9000) -> None:
        """Listen on a UDP and a TCP port of the same number; 0: any free one. Raises OSError with what to do."""
        udp, tcp = await bind(host, port)
        self._udp, self._tcp = UdpEndpoint(udp, self), TcpServer(tcp, self)
        await self._udp.start()
        await self._tcp.start()
        self._ticker = asyncio.get_running_loop().call_later(_TICK, self._tick)

    async def stop(self) -> None:
        """Tell subscribers that they are no longer, end all connections and close the sockets."""
        if self._udp is None or self._tcp is None:
            return
        if self._ticker is not None:
            self._ticker.cancel()
        self._schedule.clear()
        self._coalescer.clear()
        for subscription in self._subscriptions.expire(float("inf")):
            self._send(subscription.client, encode("/unsubscribed", (subscription.pattern,)))
        await self._tcp.stop()
        self._udp.stop()

    @property
    def udp_socket(self) -> socket.socket:
        """The bound UDP socket; another process may send from it. Only while started."""
        return self._endpoint.socket

    @property
    def address(self) -> tuple[str, int]:
        """Host and port listened on. Only while started."""
        host, port = self.udp_socket.getsockname()[:2]
        return host, port

    @property
    def receive_buffer(self) -> int:
        """Bytes of receive buffer that the system granted; see receive_buffer_advice(). Only while started."""
        return self._endpoint.receive_buffer

    @property
    def subscriptions(self) -> int:
        """How many there are."""
        return len(self._subscriptions)

    def note_targets(self) -> tuple[OscTarget, ...]:
        """The UDP subscribers to notes, whom the realtime process sends to itself."""
        return self._note_targets

    # ---- out

    def send_event(self, path: str, *values: Value, tcp_only: bool = False) -> None:
        """Send to every subscriber whose pattern matches; only those over TCP where another process does the rest.

        Who asked for a rate gets a parameter's newest value at that rate, and each event.
        """
        wanted = self._subscriptions.wanted(path)
        clients = wanted.all
        if wanted.limited and self._entries[path].kind == "parameter":
            clients = wanted.at_once
            for rate in wanted.limited:
                self._coalescer.changed(path, rate)
        if tcp_only:
            clients = tuple(client for client in clients if client.kind == "tcp")
        if clients:
            packet = _encode(path, values)
            for client in clients:
                self._send(client, packet)

    def reply(self, client: Client, path: str, *values: Value) -> None:
        """Send to one client, at the port that it named."""
        self._send(self._reply_to(client), _encode(path, values))

    def error(self, client: Client | None, path: str, reason: str) -> None:
        """Tell a client (None: every subscriber) why ``path`` failed; kept back where it gets too many."""
        if client is None:
            packet = _error(path, reason)
            for subscriber in self._subscriptions.clients():
                self._send(subscriber, packet)
        elif self._may_tell(client):
            self._send(self._reply_to(client), _error(path, reason))

    # ---- in: what the sockets call

    def packet_received(self, packet: bytes, client: Client) -> None:
        """Decode a packet and act on it. Never raises."""
        try:
            element = decode(packet, UDP_LIMIT if client.kind == "udp" else TCP_LIMIT)
        except OscError as error:
            self.counts.malformed += 1
            if not packet.startswith(b"/error\0"):
                self.error(client, "", str(error))
            return
        if isinstance(element, Message):
            self._dispatch(element, client)
            return
        try:
            self._schedule.add(element, len(packet), client)
        except ArgumentError as error:
            self._refuse(client, "#bundle", str(error))

    def packet_broken(self, error: OscError, client: Client) -> None:
        """Count and answer what was no packet."""
        self.counts.malformed += 1
        self.error(client, "", str(error))

    def client_floods(self, client: Client, packets: int) -> None:
        """Count and answer what a client sent faster than all of it could be read."""
        self.counts.flooded += packets
        self.error(client, "", f"{packets} packets were thrown away: they came faster than they could be read")

    def client_dropped(self, client: Client, reason: str) -> None:
        """Count and log a client that was cut off."""
        self.counts.dropped += 1
        logger.warning("OSC client %r was cut off: %s", client, reason)

    def client_gone(self, client: Client) -> None:
        """A connection's subscriptions end with it."""
        self._subscriptions.remove(client, "*")
        self._errors.forget(client)

    # ---- dispatch

    def _dispatch(self, message: Message, client: Client) -> None:
        self.counts.received += 1
        path = message.path
        entry = self._entries.get(path)
        if entry is not None:
            reason = self._apply(entry, message, client)
            if reason is not None:
                self._refuse(client, path, reason)
        elif is_pattern(path):
            self._dispatch_pattern(message, client)
        else:
            self.counts.refused += 1
            if self._may_tell(client):  # asked first: looking for what was meant takes a millisecond
                self._send(self._reply_to(client), _error(path, self._suggestion(path)))

    def _dispatch_pattern(self, message: Message, client: Client) -> None:
        try:
            paths = self._addressable.expand(message.path)
        except OscError as error:
            self._refuse(client, message.path, str(error))
            return
        entries = matching = [self._entries[path] for path in paths]
        if not message.values and message.types != "I":  # asks for values, and must not set off what else is there
            entries = [entry for entry in entries if entry.kind == "parameter"]
        reasons = [(entry.path, self._apply(entry, message, client)) for entry in entries]
        refused = [f"{path}: {reason}" for path, reason in reasons if reason is not None]
        if not matching:
            self._refuse(client, message.path, "matches no address")
        elif refused:
            self._refuse(client, message.path, f"{len(refused)} of {len(entries)} refused; {refused[0]}")

    def _apply(self, entry: Address, message: Message, client: Client) -> str | None:
        """Do what a message asks of one address; return why not."""
        values = cast(Sequence[OscValue], message.values)  # arrays fail each argument's check but any's
        try:
            if entry.kind == "parameter":
                if not values:
                    self.reply(client, entry.path, self._value_of(entry.path))
                    return None
            elif entry.kind == "event":
                return None if entry.path == "/error" else "is only ever sent by the bridge"
            elif not entry.arguments and message.types == "I":  # 1.1's impulse: it is the trigger itself
                values = ()
            own = self._own.get(entry.path)
            if own is not None:
                own(client, entry.check(values), message)
            else:
                self._handle(entry.path, entry.check(values), client)
        except (ArgumentError, OscError) as error:
            return str(error)
        except Exception as error:
            logger.exception("%s %r failed", entry.path, values)
            return f"failed: {type(error).__name__}: {error}"
        return None

    def _refuse(self, client: Client, path: str, reason: str) -> None:
        self.counts.refused += 1
        if path != "/error":
            self.error(client, path, reason)

    def _may_tell(self, client: Client) -> bool:
        allowed = self._errors.allows(client)
        self.counts.errors_unsent += not allowed
        return allowed

    def _suggest(self, path: str) -> str:
        close = difflib.get_close_matches(path[:100], self._entries, 1)
        return f"there is no such address; did you mean {close[0]}?" if close else "there is no such address"

    # ---- addresses of the service's own

    def _ping(self, client: Client, values: tuple[OscValue, ...], message: Message) -> None:
        self._send(self._reply_to(client), encode("/pong", message.values, message.types))

    def _subscribe(self, client: Client, values: tuple[OscValue, ...], message: Message) -> None:
        pattern, port, lease, rate = cast(tuple[str, int, float, float], values)
        if not self._subscribable.expand(pattern):  # rather than silence for a slip of the pen
            raise ArgumentError(f"pattern must match an address, got {pattern!r}: {self._suggestion(pattern)}")
        target = client
        if client.kind == "udp" and (port or self._reply_port):
            target = self._endpoint.client_at(client, port or self._reply_port or 0)
        self._subscriptions.add(target, pattern, self._clock() + lease, rate)
        if client.kind == "udp":
            self._named[client] = target
            self._named.move_to_end(client)
            if len(self._named) > _MAX_NAMED:
                self._named.popitem(last=False)
        self._send(target, encode("/subscribed", (pattern, float(lease))))

    def _unsubscribe(self, client: Client, values: tuple[OscValue, ...], message: Message) -> None:
        pattern, port = cast(tuple[str, int], values)
        targets = {self._reply_to(client), client}
        if client.kind == "udp" and port:
            targets = {self._endpoint.client_at(client, port)}
        ended = 0
        for target in targets:
            for text in self._subscriptions.remove(target, pattern):
                ended += 1
                self._send(target, encode("/unsubscribed", (text,)))
        if not ended:
            raise ArgumentError(f"pattern must be one that you subscribed to, got {pattern!r}")

    # ---- the rest

    @property
    def _endpoint(self) -> UdpEndpoint:
        if self._udp is None:
            raise RuntimeError("the OSC service is not started")
        return self._udp

    def _reply_to(self, client: Client) -> Client:
        if client.kind == "tcp":
            return client
        named = self._named.get(client)
        if named is None:
            return self._endpoint.client_at(client, self._reply_port) if self._reply_port else client
        return named

    def _send(self, client: Client, packet: bytes) -> None:
        if client.send(packet):
            self.counts.sent += 1
        else:
            self.counts.dropped += 1

    def _subscriptions_changed(self) -> None:
        wanted = tuple(map(self._subscriptions.matching, _REALTIME))
        targets = tuple(
            OscTarget(*client.address, *(client in clients for clients in wanted))
            for client in dict.fromkeys(client for clients in wanted for client in clients)
            if client.kind == "udp"
        )
        if targets != self._note_targets:
            self._note_targets = targets
            if self._note_targets_changed is not None:
                self._note_targets_changed(targets)

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(_TICK, self._tick)
        for subscription in self._subscriptions.expire(self._clock()):
            self._send(subscription.client, encode("/unsubscribed", (subscription.pattern,)))
        for client, unsent in self._errors.summaries():
            self._send(self._reply_to(client), _error("", f"{unsent} more errors were not sent"))


def _encode(path: str, values: tuple[Value, ...]) -> bytes:
    # Booleans go out as 0 and 1: Max's udpreceive knows no T and F.
    return encode(path, [int(value) if isinstance(value, bool) else value for value in values])


def _error(path: str, reason: str) -> bytes:
    return encode("/error", (_plain(path), _plain(reason)))


def _plain(text: str) -> str:
    # It may quote what was sent to us, which must neither come back at its full length nor break the string.
    return text[:_MAX_REASON].encode(errors="replace").decode().replace("\0", "\ufffd")
