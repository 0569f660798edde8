"""The journal of sounding notes: a mapped file that outlives the realtime process, whatever ends it.

Each output has a slot: what it is (and what it was connected to), and a byte for each channel and pitch. The byte is
set before a note is sent, and cleared a while after its end was; so after a ``kill -9`` it holds at least every note
that sounds, and whoever starts next ends those. A note-off too many harms nobody.

A file is locked for as long as its process lives; one that nobody holds is what a process left behind. Layout: a
header (magic, version), then slots; what a slot's output is stands there twice, each with a number and a checksum, so
that one of the two is whole at any moment.
"""

import contextlib
import mmap
import os
import struct
import time as calendar
import uuid
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from bridge.system import lock_file

SLOTS = 64
"""Outputs that are kept account of; more play without."""
LINGER = 0.1
"""Seconds for which an ended note is still remembered: its end may be on its way inside the back-end."""
FORGOTTEN = 7 * 86400
"""Seconds after which a file that could not be acted upon is removed."""
SUFFIX = ".sounding"

_HEADER = struct.Struct("<4sI")
_MAGIC, _VERSION = b"ANSJ", 1
_COPY = struct.Struct("<III")  # number (0: nothing here), length, checksum
_TEXT = 2048 - _COPY.size
_CELLS = 16 * 128
_SLOT = 2 * 2048 + _CELLS
_SIZE = _HEADER.size + SLOTS * _SLOT


class Described(msgspec.Struct, frozen=True):
    """What an output is, so that another process can find it again."""

    kind: str
    """A MIDI back-end as rtmidi names it, ``OSC``, or ``TOLD`` for what control is told."""
    name: str
    """The port's, or host:port."""
    server: str = ""
    """JACK's server."""
    connections: tuple[str, ...] = ()
    """Ports on the other side."""
    pairs: bool = False
    lengths: bool = False
    """As in messages.OscTarget."""


class Left(NamedTuple):
    """What an output of a process that is gone was, and the notes that may still sound there: channel and pitch."""

    described: Described
    notes: tuple[tuple[int, int], ...]


class Slot:
    """One output's account. begin() and generation() belong to one thread, end() may be called on another."""

    def __init__(self, buffer: memoryview, free: Callable[["Slot"], None]) -> None:
        self._buffer, self._free = buffer, free
        self._cells = buffer[2 * 2048 :]
        self._number = 0
        self._begun = [0] * _CELLS
        self._ended: deque[tuple[float, int, int]] = deque()

    def describe(self, described: Described) -> None:
        """Say what the output is now; connections that are too many are left out."""
        body = msgspec.json.encode(described)
        while len(body) > _TEXT and described.connections:
            described = msgspec.structs.replace(described, connections=described.connections[:-1])
            body = msgspec.json.encode(described)
        if len(body) > _TEXT:
            return
        self._number += 1
        at = (self._number & 1) * 2048
        _COPY.pack_into(self._buffer, at, 0, 0, 0)
        self._buffer[at + _COPY.size : at + _COPY.size + len(body)] = body
        _COPY.pack_into(self._buffer, at, self._number, len(body), zlib.crc32(body))

    def begin(self, channel: int, pitch: int) -> None:
        """A note is about to be sent."""
        cell = channel << 7 | pitch
        self._begun[cell] += 1
        self._cells[cell] = 1

    def generation(self, channel: int, pitch: int) -> int:
        """Return which of all notes of this pitch was begun last, for end()."""
        return self._begun[channel << 7 | pitch]

    def end(self, channel: int, pitch: int, generation: int, time: float) -> None:
        """The end of a note was sent at ``time``; nothing changes where a later one has begun."""
        self._ended.append((time, channel << 7 | pitch, generation))

    def settle(self, time: float) -> None:
        """Forget what ended long enough before ``time``."""
        ended = self._ended
        while ended and ended[0][0] <= time - LINGER:
            _, cell, generation = ended.popleft()
            if self._begun[cell] == generation:
                self._cells[cell] = 0

    def sounding(self) -> tuple[tuple[int, int], ...]:
        """Return the channel and pitch of every note that may sound."""
        return _notes(self._cells)

    def release(self) -> None:
        """Let go of the memory; nothing more may be called."""
        self._cells.release()
        self._buffer.release()

    def free(self) -> None:
        """The output is gone and nothing sounds there: the slot is for another."""
        self._ended.clear()
        self._cells[:] = bytes(_CELLS)
        for at in (0, 2048):
            _COPY.pack_into(self._buffer, at, 0, 0, 0)
        self._number = 0
        self._free(self)


class Journal:
    """The slots of one process."""

    def __init__(self, buffer: memoryview, path: Path | None, close: Callable[[], None]) -> None:
        """Use :meth:`open`."""
        self._buffer, self._path, self._close = buffer, path, close
        self.slots: list[Slot] = []
        """Those that are taken."""
        self._free = [
            Slot(buffer[at : at + _SLOT], self._freed)
            for at in reversed(range(_HEADER.size, _HEADER.size + SLOTS * _SLOT, _SLOT))
        ]

    @classmethod
    def open(cls, folder: Path | None) -> "Journal":
        """Make a file in ``folder``; where that cannot be (or is None), an account that dies with the process."""
        if folder is not None:
            with contextlib.suppress(OSError):
                return cls._in(folder)
        return cls(memoryview(bytearray(_SIZE)), None, lambda: None)

    @classmethod
    def _in(cls, folder: Path) -> "Journal":
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}{SUFFIX}"
        file = path.open("x+b")
        try:
            if not lock_file(file.fileno()):
                raise OSError(f"{path} cannot be locked")
            file.truncate(_SIZE)
            mapped = mmap.mmap(file.fileno(), _SIZE)
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        _HEADER.pack_into(mapped, 0, _MAGIC, _VERSION)

        def close() -> None:
            mapped.close()
            file.close()

        return cls(memoryview(mapped), path, close)

    @property
    def kept(self) -> bool:
        """Whether the account outlives this process."""
        return self._path is not None

    def slot(self, described: Described) -> Slot:
        """Return a slot for an output; one that nobody else can read where all are taken."""
        slot = self._free.pop() if self._free else Slot(memoryview(bytearray(_SLOT)), lambda _: None)
        slot.describe(described)
        self.slots.append(slot)
        return slot

    def settle(self, time: float) -> None:
        """Forget what ended long enough before ``time``; to be called now and then."""
        for slot in self.slots:
            slot.settle(time)

    def close(self) -> None:
        """Every note has been ended and its end is out: remove the file."""
        self.abandon()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def abandon(self) -> None:
        """Leave the file to the next process, as a death does."""
        for slot in (*self.slots, *self._free):
            slot.release()
        self._buffer.release()
        self._close()

    def _freed(self, slot: Slot) -> None:
        self.slots.remove(slot)
        self._free.append(slot)


def adopt(folder: Path | None, take: Callable[[Left], bool]) -> None:
    """Hand over what processes that are gone have left in ``folder``, one output at a time.

    ``take`` returns whether the output is seen to; a file of which every output is gets removed, any other waits for
    the next process, for a week at most.
    """
    if folder is None:
        return
    with contextlib.suppress(OSError):
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            with contextlib.suppress(OSError), path.open("r+b") as file:
                if not lock_file(file.fileno()):
                    continue  # its process lives
                age = calendar.time() - path.stat().st_mtime
                left = read(file.read())
                done = [take(one) for one in left if one.notes or one.described.connections]
                if (all(done) and (left or age > 10)) or age > FORGOTTEN:  # an empty one may be about to be locked
                    path.unlink()


def read(data: bytes) -> list[Left]:
    """Return the outputs in a journal; those that make no sense are left out."""
    if len(data) != _SIZE or _HEADER.unpack_from(data, 0) != (_MAGIC, _VERSION):
        return []
    found = []
    for start in range(_HEADER.size, _SIZE, _SLOT):
        copies = sorted(_copies(data[start : start + 2 * 2048]), reverse=True)
        if copies:
            with contextlib.suppress(msgspec.MsgspecError):
                described = msgspec.json.decode(copies[0][1], type=Described)
                found.append(Left(described, _notes(memoryview(data)[start + 2 * 2048 : start + _SLOT])))
    return found


def _copies(data: bytes) -> Iterator[tuple[int, bytes]]:
    for at in (0, 2048):
        number, length, checksum = _COPY.unpack_from(data, at)
        body = data[at + _COPY.size : at + _COPY.size + min(length, _TEXT)]
        if number and zlib.crc32(body) == checksum:
            yield number, body


def _notes(cells: memoryview) -> tuple[tuple[int, int], ...]:
    return tuple((cell >> 7, cell & 127) for cell, sounds in enumerate(bytes(cells)) if sounds)
