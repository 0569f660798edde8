"""An encoded stream for many: encoded once, every reader gets each frame in its turn from a key frame on.

Unlike pictures, the frames of a stream cannot be left out: a reader that is too slow is begun anew at a key frame.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator
from typing import Protocol

from bridge.media.feed import Feed, FeedClosedError, Picture
from bridge.media.ring import Frame
from bridge.media.video import Coded

WAITING = 8
"""Frames that a reader may have waiting, before it is begun anew."""


class StreamEncoder(Protocol):
    """What is called for each frame, in a thread."""

    def __call__(self, frame: Frame) -> Coded:
        """Encode the next frame."""
        ...

    def want_key(self) -> None:
        """Make the next frame one that a decoder can begin with."""
        ...


class Turn:
    """One reader's place in a relay."""

    def __init__(self, want_key: "StreamEncoder") -> None:
        self._encoder = want_key
        self._frames: deque[Picture[Coded]] = deque()
        self._begun = False
        self._come = asyncio.Event()
        self._error: BaseException | None = None

    async def next(self) -> Picture[Coded]:
        """Return the next frame; the first is a key frame. Raises FeedClosedError, or what the encoder raised."""
        while not self._frames:
            if self._error is not None:
                raise self._error
            self._come.clear()
            await self._come.wait()
        return self._frames.popleft()

    def give(self, picture: Picture[Coded]) -> None:
        if len(self._frames) >= WAITING:
            self._frames.clear()
            self._begun = False
        if not self._begun and not picture.data.key:
            self._encoder.want_key()
            return
        self._begun = True
        self._frames.append(picture)
        self._come.set()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._come.set()


class Relay:
    """Runs an encoder while there are readers. Belongs to one event loop."""

    def __init__(self, feed: Feed, encoder: StreamEncoder) -> None:
        self._feed, self._encoder = feed, encoder
        self._turns: set[Turn] = set()
        self._task: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def turn(self) -> Iterator[Turn]:
        """Read for as long as this lasts. Raises TooManyReadersError."""
        with self._feed.reader():
            turn = Turn(self._encoder)
            self._turns.add(turn)
            self._encoder.want_key()
            if self._task is None:
                self._task = asyncio.create_task(self._run())
            try:
                yield turn
            finally:
                self._turns.discard(turn)

    async def _run(self) -> None:
        after = 0
        try:
            while self._turns:
                picture = await self._feed.picture(self._encoder, after)
                if picture.sequence == after:  # held: players wait by themselves
                    continue
                for turn in self._turns:
                    turn.give(picture)
                    self._feed.sent(picture, after)
                after = picture.sequence
        except (Exception, FeedClosedError) as error:  # noqa: BLE001  (each reader is told)
            for turn in self._turns:
                turn.fail(error)
        finally:
            self._task = None
