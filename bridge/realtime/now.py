"""The now page: one small shared-memory page that says where the beat is and what sounds.

The realtime process writes it, every other process reads it without asking. The content stands twice: the writer fills
the copy that is not in use and then bumps the sequence number, whose parity says which copy holds. A reader that is
overtaken sees a wrong checksum and tries again, on machines that reorder stores, too; and if the writer dies half-way
the last whole copy is still there.
"""

import math
import struct
import sys
import zlib
from multiprocessing.shared_memory import SharedMemory
from typing import Any, Literal, NamedTuple

from models.contract import Moment, Sounding

Voice = Literal["call", "answer"]
VOICES: tuple[Voice, Voice] = ("call", "answer")
"""What the player plays; what we send."""
RECENT = 4.0
"""Seconds for which a note that has ended is still told."""

_PITCHES = 128
_CELLS = len(VOICES) * _PITCHES
_HEADER = struct.Struct("<4sIQ")  # magic, version, sequence
_CHECK = struct.Struct("<QI4x")  # sequence, checksum of the content
_CLOCK = struct.Struct("<dddqqqq")  # anchor time and beat, tempo, the meter's beat and bar, beats per bar, playing
_NOTES = struct.Struct(f"<{_CELLS}d{_CELLS}d{_CELLS}B")  # onsets, ends, velocities
_CONTENT = _CLOCK.size + _NOTES.size
_COPY = _CHECK.size + _CONTENT
_SIZE = _HEADER.size + 2 * _COPY
_SEQUENCE = struct.Struct("<Q")
_SEQUENCE_AT = 8
_MAGIC = b"ANOW"
_VERSION = 2
_ATTEMPTS = 16
_HELD = math.inf
_NEVER = -math.inf


class Beat(NamedTuple):
    """Where the beat is: ``beat`` at ``time``, going on at ``tempo``; a bar line at ``bar_beat`` begins bar ``bar``."""

    time: float
    beat: float
    tempo: float
    bar_beat: int
    bar: int
    beats_per_bar: int
    playing: bool = True
    """Else the beat stands still."""

    def at(self, time: float) -> float:
        """Return the beat at ``time``."""
        if not self.playing:
            return self.beat
        return self.beat + (time - self.time) * self.tempo / 60.0


class _PrivateMemory:
    """Stands where shared memory would."""

    name = ""

    def __init__(self) -> None:
        self.buf = memoryview(bytearray(_SIZE))

    def close(self) -> None:
        self.buf.release()

    def unlink(self) -> None:
        """There is nothing to remove."""


class NowPage:
    """One page; a single process writes it."""

    def __init__(self, memory: "SharedMemory | _PrivateMemory", owner: bool) -> None:
        """Use :meth:`create`, :meth:`attach` or :meth:`private`."""
        self._memory = memory
        self._owner = owner
        assert memory.buf is not None
        self._buffer = memory.buf
        self._content = bytearray(_CONTENT)  # what the writer wrote last, or the reader read last
        self._holders: dict[int, set[int]] = {}  # the channels that hold a cell; kept by the writer

    @classmethod
    def create(cls) -> "NowPage":
        """Make a page; whoever does so unlinks it at the end. Raises OSError."""
        page = cls(SharedMemory(create=True, size=_SIZE), owner=True)
        _HEADER.pack_into(page._buffer, 0, _MAGIC, _VERSION, 0)
        page.reset()
        return page

    @classmethod
    def attach(cls, name: str) -> "NowPage":
        """Open the page that another process created. Raises OSError, or ValueError where it is no now page."""
        # Before Python 3.13 attaching registers the page a second time with the resource tracker. That does no harm
        # where the tracker is shared, as it is among the children that multiprocessing spawns.
        options: dict[str, Any] = {"track": False} if sys.version_info >= (3, 13) else {}
        page = cls(SharedMemory(name, **options), owner=False)
        magic, version, _ = _HEADER.unpack_from(page._buffer, 0)
        if (magic, version) != (_MAGIC, _VERSION):
            page.close()
            raise ValueError(f"a now page must be {_MAGIC!r} version {_VERSION}, got {magic!r} version {version}")
        return page

    @classmethod
    def private(cls) -> "NowPage":
        """Make a page that no other process sees."""
        page = cls(_PrivateMemory(), owner=False)
        page.reset()
        return page

    @property
    def name(self) -> str:
        """For :meth:`attach`."""
        return self._memory.name

    def close(self) -> None:
        """Let go of the page."""
        self._buffer = memoryview(b"")
        self._memory.close()

    def unlink(self) -> None:
        """Close the page and remove it; for the process that created it."""
        self.close()
        if self._owner:
            self._owner = False
            self._memory.unlink()

    # ---- writing

    def reset(self) -> None:
        """Forget every note; beat 0 at time 0, 120 bpm."""
        self._holders.clear()
        _CLOCK.pack_into(self._content, 0, 0.0, 0.0, 120.0, 0, 0, 4, 1)
        silence = [_NEVER] * (2 * _CELLS) + [0] * _CELLS
        _NOTES.pack_into(self._content, _CLOCK.size, *silence)
        self._publish()

    def set_beat(self, beat: Beat) -> None:
        """Write where the beat is."""
        _CLOCK.pack_into(self._content, 0, *beat)
        self._publish()

    def begin(self, voice: Voice, channel: int, pitch: int, velocity: int, time: float) -> None:
        """A note began at ``time``; velocity 1..127."""
        cell = self._cell(voice, pitch)
        self._holders.setdefault(cell, set()).add(channel)
        self._write(cell, time, _HELD)
        self._content[_CLOCK.size + 16 * _CELLS + cell] = velocity
        self._publish()

    def end(self, voice: Voice, channel: int, pitch: int, time: float) -> None:
        """A note ended at ``time``; where another channel holds the same pitch, it is still held."""
        cell = self._cell(voice, pitch)
        holders = self._holders.get(cell, set())
        if channel not in holders:
            return
        holders.discard(channel)
        if not holders:
            self._write(cell, None, time)
            self._publish()

    def end_all(self, time: float) -> None:
        """Every note, of both voices, ended at ``time``."""
        for cell, holders in self._holders.items():
            if holders:
                holders.clear()
                self._write(cell, None, time)
        self._publish()

    def _cell(self, voice: Voice, pitch: int) -> int:
        return VOICES.index(voice) * _PITCHES + pitch

    def _write(self, cell: int, onset: float | None, end: float) -> None:
        at = _CLOCK.size + 8 * cell
        if onset is not None:
            struct.pack_into("<d", self._content, at, onset)
        struct.pack_into("<d", self._content, at + 8 * _CELLS, end)

    def _publish(self) -> None:
        (sequence,) = _SEQUENCE.unpack_from(self._buffer, _SEQUENCE_AT)
        sequence += 1
        start = _HEADER.size + (sequence & 1) * _COPY
        _CHECK.pack_into(self._buffer, start, sequence, zlib.crc32(self._content))
        self._buffer[start + _CHECK.size : start + _COPY] = self._content
        _SEQUENCE.pack_into(self._buffer, _SEQUENCE_AT, sequence)

    # ---- reading

    def beat(self) -> Beat:
        """Return where the beat is."""
        beat = Beat(*_CLOCK.unpack_from(self._latest(), 0))
        return beat._replace(playing=bool(beat.playing))

    def read(self, time: float) -> Moment:
        """Return what is heard at ``time``: where the beat is then, and the notes held or ended up to RECENT before."""
        content = self._latest()
        anchor_time, anchor_beat, tempo, _, _, beats_per_bar, playing = _CLOCK.unpack_from(content, 0)
        cells = _NOTES.unpack_from(content, _CLOCK.size)
        oldest = time - RECENT
        notes = tuple(
            Sounding(
                pitch=cell % _PITCHES,
                velocity=cells[2 * _CELLS + cell],
                voice=VOICES[cell // _PITCHES],
                age=time - cells[cell],
                held=end > time,
            )
            for cell, end in enumerate(cells[_CELLS : 2 * _CELLS])
            if end > oldest and cells[cell] <= time
        )
        beat = anchor_beat + ((time - anchor_time) * tempo / 60.0 if playing else 0.0)
        return Moment(time=time, beat=beat, tempo=tempo, beats_per_bar=beats_per_bar, notes=notes)

    def _latest(self) -> bytes | bytearray:
        for _ in range(_ATTEMPTS):
            (sequence,) = _SEQUENCE.unpack_from(self._buffer, _SEQUENCE_AT)
            start = _HEADER.size + (sequence & 1) * _COPY
            copied = bytes(self._buffer[start : start + _COPY])
            found, checksum = _CHECK.unpack_from(copied, 0)
            if found == sequence and zlib.crc32(memoryview(copied)[_CHECK.size :]) == checksum:
                self._content[:] = memoryview(copied)[_CHECK.size :]
                break
        return self._content  # overtaken every time, which takes a writer without a pause: what was read before
