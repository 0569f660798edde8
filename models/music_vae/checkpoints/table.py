"""LevelDB's sorted table, the format of a TensorFlow checkpoint's `.index`.

Source: google/leveldb `doc/table_format.md`; tensorflow `core/lib/io/table_format.txt`.
"""

from collections.abc import Iterable, Iterator

from models.music_vae.checkpoints.crc32c import crc32c, masked
from models.music_vae.checkpoints.snappy import decompress
from models.protobuf import encoded, varint

MAGIC = 0xDB4775248B80FB57
FOOTER = 48
TRAILER = 5
LARGEST_BLOCK = 16 << 20


def entries(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a whole table file, in order. Raises ValueError, saying what is wrong, if it is damaged."""
    if len(data) < FOOTER or int.from_bytes(data[-8:], "little") != MAGIC:
        raise ValueError("not a table: it must end with LevelDB's magic number")
    footer = data[-FOOTER:]
    _, at = varint(footer, 0)  # the metaindex, which TensorFlow leaves empty
    _, at = varint(footer, at)
    for _, handle in _block(data, *_handle(footer, at)):
        yield from _block(data, *_handle(handle, 0))


def _handle(data: bytes, at: int) -> tuple[int, int]:
    offset, at = varint(data, at)
    size, _ = varint(data, at)
    return offset, size


def _block(data: bytes, offset: int, size: int) -> list[tuple[bytes, bytes]]:
    end = offset + size
    if size > LARGEST_BLOCK or end + TRAILER > len(data) - FOOTER:
        raise ValueError(f"a block must lie within the table: bytes {offset} to {end} of {len(data)}")
    kind = data[end]
    if masked(crc32c(data[offset : end + 1])) != int.from_bytes(data[end + 1 : end + TRAILER], "little"):
        raise ValueError(f"the block at byte {offset} does not match its checksum: the index is damaged")
    if kind not in (0, 1):
        raise ValueError(f"a block must be plain (0) or snappy (1), got {kind}")
    block = decompress(data[offset:end], LARGEST_BLOCK) if kind else data[offset:end]
    restarts = int.from_bytes(block[-4:], "little")
    limit = len(block) - 4 * (restarts + 1)
    if len(block) < 4 or limit < 0:
        raise ValueError(f"a block of {len(block)} bytes cannot hold {restarts} restarts")
    found: list[tuple[bytes, bytes]] = []
    key, at = b"", 0
    while at < limit:
        shared, at = varint(block, at)
        fresh, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or at + fresh + length > limit:
            raise ValueError(f"an entry must lie within its block: byte {at} of {limit}")
        key = key[:shared] + block[at : at + fresh]
        at += fresh
        found.append((key, block[at : at + length]))
        at += length
    return found


def table(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A table of keys, ascending, and their values, in one block."""
    data = _written(pairs)
    metaindex = _written(())
    at = encoded(len(data)) + encoded(len(metaindex) - TRAILER)
    last = len(data) + len(metaindex)
    index = _written([(b"\xff", encoded(0) + encoded(len(data) - TRAILER))])
    footer = at + encoded(last) + encoded(len(index) - TRAILER)
    return data + metaindex + index + footer.ljust(FOOTER - 8, b"\0") + MAGIC.to_bytes(8, "little")


def _written(pairs: Iterable[tuple[bytes, bytes]]) -> bytes:
    entries_ = (encoded(0) + encoded(len(key)) + encoded(len(value)) + key + value for key, value in pairs)
    block = b"".join(entries_) + (0).to_bytes(4, "little") + (1).to_bytes(4, "little") + b"\0"
    return block + masked(crc32c(block)).to_bytes(4, "little")
