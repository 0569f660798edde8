"""The frame ring: the newest frames in shared memory, one writer, any number of readers, nobody waits.

The layout, version 1. Every number is 8 bytes in the machine's own byte order (little-endian wherever Antiphon runs)
and aligned, so that it is read and written whole; u64 unless said otherwise.

====== ============ =====================================================================================
offset header
====== ============ =====================================================================================
0      magic        the eight bytes ``ANTIRING``
8      version      1
16     generation   goes up by one whenever the size of the frames changes; 0 before the first frame
24     width        of the newest frame, pixels; for information, the slot's own counts
32     height       of the newest frame, pixels
40     slots        how many slots there are
48     latest       number of the newest whole frame, counting from 1; 0 before the first
56     stride       bytes from one slot to the next; the first slot is at offset 128
64     capacity     bytes of pixels that a slot can hold
72     writer       goes up by one whenever another writer takes over
====== ============ =====================================================================================

Frame ``n`` lies in slot ``n % slots``, at offset ``128 + (n % slots) * stride``:

====== ============ =====================================================================================
offset slot
====== ============ =====================================================================================
0      sequence     ``2n - 1`` (odd) while frame ``n`` is being written, ``2n`` once it is whole
8      generation   as in the header, when this frame was written
16     width        pixels
24     height       pixels
32     time         f64: when the frame was generated, seconds of ``bridge.clocks.now``
40     seed         i64
48     params       version of the parameters that the frame was painted with
56     model        64 bytes: its name in UTF-8, padded with zeros
128    pixels       ``height * width * 3`` bytes: rows from the top, each pixel red, green, blue
====== ============ =====================================================================================

To read: take ``latest`` (0: nothing yet); the slot's sequence must be ``2 * latest``; copy what is wanted; the sequence
must still be the same, otherwise begin again. With four slots a reader is overtaken only if it stands still for three
frames, so this hardly ever happens.
"""

import contextlib
import os
import threading
from multiprocessing import parent_process, resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from bridge import clocks

MAGIC = b"ANTIRING"
VERSION = 1
HEADER_BYTES = 128
SLOT_HEADER_BYTES = 128
MODEL_BYTES = 64
ALIGNMENT = 64
GRANULARITY = 16384
"""Bytes of a page, at most, on the systems there are; macOS rounds shared memory up to it, so the ring does too."""
ATTEMPTS = 8
"""Torn reads in a row before a reader gives up until its next call."""

# Positions in 8-byte words, see the layout above.
_GENERATION, _WIDTH, _HEIGHT, _SLOTS, _LATEST, _STRIDE, _CAPACITY, _WRITER = range(2, 10)
_SLOT_SEQUENCE, _SLOT_GENERATION, _SLOT_WIDTH, _SLOT_HEIGHT, _SLOT_TIME, _SLOT_SEED, _SLOT_PARAMS = range(7)
_SLOT_MODEL = 56


class RingError(ValueError):
    """What the ring cannot hold or be; the text states the rule and the value."""


class Frame(msgspec.Struct, frozen=True, eq=False):
    """One frame, copied out of the ring."""

    pixels: NDArray[np.uint8]
    """RGB, shape [height, width, 3], rows from the top; the reader's own."""
    sequence: int
    """Number of the frame, counting from 1."""
    generation: int
    """Goes up by one whenever the size of the frames changes."""
    time: float
    """When it was generated, seconds of ``bridge.clocks.now``."""
    seed: int
    params_version: int
    model: str

    @property
    def width(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Pixels."""
        return int(self.pixels.shape[0])

    def age(self, now: float | None = None) -> float:
        """Return the seconds since the frame was generated."""
        return (clocks.now() if now is None else now) - self.time


class FrameRing:
    """A ring of frames in shared memory. Control creates and unlinks it; a frame worker writes; others read.

    One worker writes at a time. The first :meth:`write` of another takes the ring over, and from then on what the
    earlier one writes is dropped, so that a worker can be replaced while the old one still runs.
    """

    def __init__(self, shared: SharedMemory) -> None:
        """Use :meth:`create` or :meth:`attach`."""
        assert shared.buf is not None  # it is None only once closed
        self._shared = shared
        self._bytes = shared.buf
        self._words = shared.buf.cast("Q")
        self._signed = shared.buf.cast("q")
        self._floats = shared.buf.cast("d")
        self._writer = 0
        self.name = shared.name
        """What :meth:`attach` takes."""

    @classmethod
    def create(cls, max_width: int, max_height: int, slots: int = 4, name: str | None = None) -> Self:
        """Make a ring for frames of up to ``max_width * max_height`` pixels, in any shape, with 2 slots or more.

        With a ``name`` of up to 29 bytes others can find it; what a server that was killed left under it is replaced.
        Raises RingError, or OSError where there is not enough shared memory.
        """
        if max_width < 1 or max_height < 1:
            raise RingError(f"a ring needs room for 1 pixel or more, got {max_width} x {max_height}")
        if slots < 2:
            raise RingError(f"a ring needs 2 slots or more, got {slots}")
        capacity = max_width * max_height * 3
        stride = SLOT_HEADER_BYTES + -(-capacity // ALIGNMENT) * ALIGNMENT
        size = HEADER_BYTES + slots * stride
        size = -(-size // GRANULARITY) * GRANULARITY
        shared = _make(name, size)
        _created.add(shared.name)
        try:
            _reserve(shared.name, size)
        except OSError:
            shared.close()
            shared.unlink()
            raise
        ring = cls(shared)
        ring._bytes[:8] = MAGIC
        ring._words[_SLOTS] = slots
        ring._words[_STRIDE] = stride
        ring._words[_CAPACITY] = capacity
        _fence()
        ring._words[1] = VERSION  # last: whoever sees a version sees the rest
        return ring

    @classmethod
    def attach(cls, name: str) -> Self:
        """Open the ring of that name. Raises FileNotFoundError, or RingError if it is no ring of this version."""
        ring = cls(_attach(name))
        magic, version = bytes(ring._bytes[:8]), ring._words[1]
        if magic != MAGIC or version != VERSION:
            ring.close()
            raise RingError(f"a frame ring begins with {MAGIC!r} and version {VERSION}, got {magic!r} and {version}")
        return ring

    @property
    def newest(self) -> int:
        """Number of the newest frame, 0 before the first. Costs next to nothing: this is what to poll."""
        return int(self._words[_LATEST])

    @property
    def writers(self) -> int:
        """How many have written so far, one after the other."""
        return int(self._words[_WRITER])

    @property
    def capacity(self) -> int:
        """Pixels that a frame may have."""
        return int(self._words[_CAPACITY]) // 3

    def age(self, now: float | None = None) -> float | None:
        """Return the seconds since the newest frame was generated, None before the first."""
        newest = self.newest
        if not newest:
            return None
        return (clocks.now() if now is None else now) - float(self._floats[self._slot(newest) // 8 + _SLOT_TIME])

    def write(
        self, pixels: NDArray[np.uint8], *, time: float, seed: int = 0, params_version: int = 0, model: str = ""
    ) -> int:
        """Make ``pixels`` (RGB, uint8, shape [height, width, 3]) the newest frame; never waits.

        ``time`` is when it was generated, seconds of ``bridge.clocks.now``; ``seed`` is signed, ``params_version`` 0
        or more, each 64 bits. Returns the frame's number, or 0 if another writer has taken over and the frame was
        dropped. Raises RingError.
        """
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise RingError(f"a frame is uint8 [height, width, 3], got {pixels.dtype} {list(pixels.shape)}")
        words = self._words
        if pixels.size > words[_CAPACITY]:
            height, width = pixels.shape[:2]
            raise RingError(f"a frame may have up to {self.capacity} pixels, got {width} x {height}")
        name = model.encode()
        if len(name) > MODEL_BYTES:
            raise RingError(f"a model's name may have up to {MODEL_BYTES} bytes, got {len(name)}")
        # Read before the claim: the writer before may be at latest + 1 just now, so a new one begins a slot further.
        number = words[_LATEST] + 1
        if not self._writer:
            number += words[_WRITER] > 0
            self._writer = words[_WRITER] = words[_WRITER] + 1
        elif words[_WRITER] != self._writer:
            return 0
        start = self._slot(number)
        slot = start // 8
        height, width = pixels.shape[:2]
        generation = words[_GENERATION] + (words[_WIDTH] != width or words[_HEIGHT] != height)
        words[slot + _SLOT_SEQUENCE] = 2 * number - 1
        _fence()
        words[slot + _SLOT_GENERATION] = generation
        words[slot + _SLOT_WIDTH] = width
        words[slot + _SLOT_HEIGHT] = height
        self._floats[slot + _SLOT_TIME] = time
        self._signed[slot + _SLOT_SEED] = seed
        words[slot + _SLOT_PARAMS] = params_version
        at = start + _SLOT_MODEL
        self._bytes[at : at + MODEL_BYTES] = name.ljust(MODEL_BYTES, b"\0")
        np.copyto(self._pixels(start, height, width), pixels)
        _fence()
        words[slot + _SLOT_SEQUENCE] = 2 * number
        _fence()
        if words[_WRITER] != self._writer:
            return 0
        words[_GENERATION], words[_WIDTH], words[_HEIGHT] = generation, width, height
        words[_LATEST] = number
        return int(number)

    def latest(self, after: int = 0) -> Frame | None:
        """Return a copy of the newest frame, or None if its number is not above ``after`` (or there is none yet)."""
        words = self._words
        for _ in range(ATTEMPTS):
            number = self.newest
            if number <= after:
                return None
            start = self._slot(number)
            slot = start // 8
            _fence()
            if words[slot + _SLOT_SEQUENCE] != 2 * number:
                continue  # overtaken since latest was read
            height, width = words[slot + _SLOT_HEIGHT], words[slot + _SLOT_WIDTH]
            if height * width * 3 > words[_CAPACITY]:
                continue  # torn
            at = start + _SLOT_MODEL
            name = bytes(self._bytes[at : at + MODEL_BYTES])
            generation = words[slot + _SLOT_GENERATION]
            time, seed = self._floats[slot + _SLOT_TIME], self._signed[slot + _SLOT_SEED]
            params = words[slot + _SLOT_PARAMS]
            pixels = self._pixels(start, height, width).copy()
            _fence()
            if words[slot + _SLOT_SEQUENCE] == 2 * number:
                return Frame(pixels, number, generation, time, seed, params, name.rstrip(b"\0").decode())
        return None

    def close(self) -> None:
        """Let go of the memory; the ring stays for others. May be called twice."""
        for view in (self._words, self._signed, self._floats):
            view.release()
        self._shared.close()

    def unlink(self) -> None:
        """Take the ring away, for the process that created it; who holds it keeps it until they close."""
        with contextlib.suppress(FileNotFoundError):
            self._shared.unlink()
        _created.discard(self.name)

    def __del__(self) -> None:
        # SharedMemory's own end complains while views of it exist.
        with contextlib.suppress(AttributeError):
            self.close()

    def _slot(self, number: int) -> int:
        """Return the offset of frame ``number`` in bytes."""
        return int(HEADER_BYTES + (number % self._words[_SLOTS]) * self._words[_STRIDE])

    def _pixels(self, start: int, height: int, width: int) -> NDArray[np.uint8]:
        # Made anew each time: an array that stayed would keep the memory from being closed.
        offset = start + SLOT_HEADER_BYTES
        return np.ndarray((height, width, 3), np.uint8, self._bytes, offset)


_created: set[str] = set()
_lock = threading.Lock()


def _fence() -> None:
    """Keep the stores before this before the stores after it.

    x86 does so anyway; on ARM the atomic operations of a lock are the nearest thing that Python has to a fence.
    """
    with _lock:
        pass


def shared_name(http_port: int) -> str:
    """The name of a server's frames in shared memory, by the port that it serves HTTP on."""
    return f"antiphon-{http_port}"


# ---- what differs by system and by Python version


def _make(name: str | None, size: int) -> SharedMemory:
    try:
        return SharedMemory(name, create=True, size=size)
    except FileExistsError:
        left = SharedMemory(name)
        if os.name == "posix":  # readers that still have it keep it; it has no name any more
            left.close()
            left.unlink()
            return SharedMemory(name, create=True, size=size)
        if left.size < size:  # on Windows it lives as long as a reader does, and cannot grow
            left.close()
            raise OSError(f"frames in shared memory as {name} are still held by a program: end it") from None
        assert left.buf is not None
        left.buf[:HEADER_BYTES] = bytes(HEADER_BYTES)
        return left


def _reserve(name: str, size: int) -> None:
    """Raise OSError now if the memory is not there: on Linux a write to it later would kill the process (SIGBUS)."""
    path = Path("/dev/shm") / name  # noqa: S108  (not a temporary file: where Linux keeps shared memory)
    if not path.exists():
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            text = f"the frame ring needs {size >> 20} MiB of /dev/shm ({error.strerror}); in Docker: --shm-size"
            raise OSError(error.errno, text) from error


def _attach(name: str) -> SharedMemory:
    """Open shared memory that another process will unlink.

    Before Python 3.13 opening it also notes it in this process's resource tracker, which unlinks it when the process
    ends. Processes started by multiprocessing share the creator's tracker, where it is noted already and must stay, for
    that is what cleans up when the creator is killed; any other process has a tracker of its own, and has it forget.
    """
    shared = SharedMemory(name)
    if parent_process() is None and shared.name not in _created and os.name == "posix":
        resource_tracker.unregister(f"/{shared.name.lstrip('/')}", "shared_memory")
    return shared
