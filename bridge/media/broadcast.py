"""One message a frame for every reader of a WebSocket: made once, and written by one task, however many there are."""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from bridge.media.encoders import Encoder
from bridge.media.feed import Feed, Picture

Data = TypeVar("Data")


class Reader(Protocol):
    """A connection that holds little, such as ``bridge.media.flow.WebSocket``."""

    on_ready: Callable[[], None]
    """Called when ``ready`` has become true."""

    @property
    def ready(self) -> bool:
        """Whether it can take a message now."""
        ...

    def put(self, message: bytes, number: int) -> None:
        """Write a message that :func:`framed` made."""
        ...


class Broadcast(Generic[Data]):
    """Gives each reader the newest picture whenever it can take one. Belongs to one event loop."""

    def __init__(self, feed: Feed, encoder: Encoder[Data], payload: Callable[[Picture[Data]], bytes]) -> None:
        """``payload`` is what a picture looks like in a message."""
        self._feed, self._encoder, self._payload = feed, encoder, payload
        self._readers: dict[Any, tuple[asyncio.Future[None], int]] = {}
        """With what ends each, and the number that it had last."""
        self._picture: Picture[Data] | None = None
        self._message = b""
        self._task: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()

    @contextlib.contextmanager
    def to(self, reader: Reader) -> Iterator["asyncio.Future[None]"]:
        """Write to a reader for as long as this lasts; the future fails with what ends the stream."""
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._readers[reader] = ended, 0
        reader.on_ready = functools.partial(self._became_ready, reader)
        self._became_ready(reader)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            yield ended
        finally:
            del self._readers[reader]
            self._wanted.set()

    async def _run(self) -> None:
        after = 0
        try:
            while self._readers:
                self._wanted.clear()
                if not any(reader.ready for reader in self._readers):
                    self._picture = None  # whoever can take one next wants the newest
                    await self._wanted.wait()
                    continue
                picture = await self._feed.picture(self._encoder, after)
                self._message = framed(self._payload(picture), picture.sequence)
                self._picture = picture
                again = picture.sequence == after
                for reader in tuple(self._readers):
                    self._offer(reader, again)
                after = picture.sequence
        except Exception as error:  # noqa: BLE001  (each reader is told)
            for ended, _ in self._readers.values():
                if not ended.done():
                    ended.set_exception(error)
        finally:
            self._task = self._picture = None

    def _became_ready(self, reader: Reader) -> None:
        self._wanted.set()
        self._offer(reader, again=False)

    def _offer(self, reader: Reader, again: bool) -> None:
        if self._picture is None or not reader.ready or reader not in self._readers:
            return
        ended, had = self._readers[reader]
        if self._picture.sequence == had and not again:
            return
        reader.put(self._message, self._picture.sequence)
        self._readers[reader] = ended, self._picture.sequence
        self._feed.sent(self._picture, had)


def framed(payload: bytes, number: int) -> bytes:
    """Return a binary WebSocket message as a server sends it, and a ping after it that tells its number."""
    size = len(payload)
    if size < 126:
        head = bytes((0x82, size))
    elif size < 1 << 16:
        head = b"\x82\x7e" + size.to_bytes(2, "big")
    else:
        head = b"\x82\x7f" + size.to_bytes(8, "big")
    return b"".join((head, payload, b"\x89\x08", number.to_bytes(8, "big")))
