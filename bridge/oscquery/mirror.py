"""The newest values of all addresses, kept by listening to control as any client does."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator

from bridge.osc.framing import TCP_LIMIT, Deframer, frame
from bridge.osc.wire import Bundle, Message, OscError, Value, decode, encode

RATE = 60.0
"""Hz: how often changed parameters are told at most."""
LEASE = 86_400.0
"""Seconds; it ends with the connection."""
IDLE = 30.0
"""Seconds for which the connection is kept when nobody asks or listens any more."""
SYNCED_WITHIN = 5.0
"""Seconds after which what is known is answered with."""

Heard = Callable[[str, tuple[Value, ...]], None]


class Mirror:
    """Connects when somebody asks, and stays connected while somebody listens."""

    def __init__(self, osc: tuple[str, int], heard: Heard) -> None:
        """``osc`` is where control listens; ``heard(path, values)`` follows each message from there."""
        self._osc = osc
        self._heard = heard
        self._values: dict[str, tuple[Value, ...]] = {}
        self._task: asyncio.Task[None] | None = None
        self._synced = asyncio.Event()
        self._listeners = 0
        self._idle: asyncio.TimerHandle | None = None

    def newest(self, path: str) -> tuple[Value, ...] | None:
        """The newest values of an address; None before any."""
        return self._values.get(path)

    async def fresh(self) -> None:
        """Return once the values are known, or control does not answer in time."""
        self._keep()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._synced.wait(), SYNCED_WITHIN)

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Stay connected meanwhile."""
        self._listeners += 1
        self._keep()
        try:
            yield
        finally:
            self._listeners -= 1
            self._keep()

    def close(self) -> None:
        """Let go of control."""
        if self._idle is not None:
            self._idle.cancel()
        if self._task is not None:
            self._task.cancel()

    def _keep(self) -> None:
        if self._task is None or self._task.done():
            self._synced.clear()
            self._task = asyncio.get_running_loop().create_task(self._run(), name="mirror")
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE, self._rest)

    def _rest(self) -> None:
        if self._listeners:
            self._keep()
        elif self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._follow()
            self._synced.clear()
            if not self._listeners:
                return
            await asyncio.sleep(0.5)

    async def _follow(self) -> None:
        reader, writer = await asyncio.open_connection(*self._osc)
        try:
            for asked in (encode("/subscribe", ("*", 0, LEASE, RATE)), encode("//*"), encode("/ping", ("synced",))):
                writer.write(frame(asked, "length"))
            deframer = Deframer(TCP_LIMIT)
            while data := await reader.read(1 << 16):
                deframer.feed(data)
                while (packet := deframer.next_packet()) is not None:
                    with contextlib.suppress(OscError):
                        self._take(decode(packet, TCP_LIMIT))
        finally:
            writer.close()

    def _take(self, element: Message | Bundle) -> None:
        if isinstance(element, Bundle):
            for inner in element.elements:
                self._take(inner)
        elif element.path == "/pong" and element.values == ("synced",):
            self._synced.set()
        else:
            self._values[element.path] = element.values
            self._heard(element.path, element.values)
