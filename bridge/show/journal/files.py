"""A journal's file: a line that says what it is, then records, each with its length and checksum.

What a crash cuts short is the last record, which the checksum tells; all before it can be read.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from bridge.show.journal import records

HEAD = b"Antiphon journal 1\n"
SUFFIX = ".journal"
LARGEST_RECORD = 1 << 20
_FRAME = struct.Struct("<II")

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(records.Any)


class JournalError(ValueError):
    """A file that is no journal; the text says why."""


def frame(record: records.Record) -> bytes:
    """A record as it stands in the file."""
    payload = _encoder.encode(record)
    return _FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def read(path: Path) -> Iterator[records.Any]:
    """Every whole record, in order; what comes after a damaged one is left out.

    Raises JournalError for what is no journal of ours, OSError.
    """
    with path.open("rb") as file:
        head = file.read(len(HEAD))
        if head != HEAD:
            newer = head.startswith(HEAD.rstrip(b"1\n"))
            why = "it was written by another version of Antiphon" if newer else "it is no journal"
            raise JournalError(f"a journal must begin with {HEAD.decode().strip()!r}, {path.name} does not: {why}")
        yield from _records(file)


def _records(file: BinaryIO) -> Iterator[records.Any]:
    while len(frame_bytes := file.read(_FRAME.size)) == _FRAME.size:
        size, checksum = _FRAME.unpack(frame_bytes)
        if size > LARGEST_RECORD:
            return
        payload = file.read(size)
        if len(payload) != size or zlib.crc32(payload) != checksum:
            return
        try:
            yield _decoder.decode(payload)
        except msgspec.MsgspecError:
            return
