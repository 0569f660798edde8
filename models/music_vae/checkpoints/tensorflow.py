"""TensorFlow checkpoints (the "tensor bundle", `.index` and `.data-…`), read without TensorFlow.

Source: tensorflow `core/util/tensor_bundle`, `core/protobuf/tensor_bundle.proto`, `core/framework/types.proto`.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.music_vae.checkpoints import table
from models.music_vae.checkpoints.crc32c import crc32c, masked
from models.music_vae.checkpoints.source import Source
from models.protobuf import encoded, fields, message, number

LARGEST_INDEX = 64 << 20
DTYPES: dict[int, np.dtype[Any]] = {1: np.dtype("<f4"), 2: np.dtype("<f8"), 19: np.dtype("<f2")}
"""TensorFlow's numbers of the types that weights have; all else in a checkpoint is left alone."""
NOT_WEIGHTS = re.compile(
    r"(^|/)(Adam(_\d+)?|Momentum|RMSProp(_\d+)?|Adagrad|ExponentialMovingAverage|opaque_kernel|global_step"
    r"|beta[12]_power(_\d+)?)$|(^|/)(_CHECKPOINTABLE|save_counter)"
)
"""Optimizer slots and counters."""


class Entry(NamedTuple):
    """Where a tensor lies."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int
    sliced: bool


def read(source: Source, prefix: str) -> dict[str, npt.NDArray[Any]]:
    """The weights of the checkpoint whose files begin with ``prefix``, by variable name, as float32.

    Every block and tensor is checked against its CRC-32C. Raises ValueError, naming file or variable and the reason,
    for anything damaged, cut short or of another format.
    """
    index = f"{prefix}.index"
    size = source.size(index)
    if size > LARGEST_INDEX:
        raise ValueError(f"{index} must be at most {LARGEST_INDEX} bytes, has {size}")
    shards = 1
    found: dict[str, npt.NDArray[Any]] = {}
    try:
        for key, value in table.entries(source.read(index, 0, size)):
            if not key:
                shards = _shards(value)
                continue
            name = key.decode()
            entry = _entry(value)
            if entry.dtype in DTYPES and not NOT_WEIGHTS.search(name) and not entry.sliced:
                found[name] = _tensor(source, f"{prefix}.data-{entry.shard:05d}-of-{shards:05d}", name, entry)
    except ValueError as error:  # a UnicodeDecodeError too
        raise ValueError(f"{index}: {error}") from error
    if not found:
        raise ValueError(f"{index}: it holds no weights")
    return found


def _shards(header: bytes) -> int:
    shards, big_endian = 1, 0
    for field, value in fields(header):
        if field == 1:
            shards = number(value)
        elif field == 2:
            big_endian = number(value)
    if big_endian:
        raise ValueError("the checkpoint must be little-endian, it is big-endian")
    if not 1 <= shards <= 99999:
        raise ValueError(f"a checkpoint has 1..99999 shards, got {shards}")
    return shards


def _entry(data: bytes) -> Entry:
    values = {"dtype": 0, "shard": 0, "offset": 0, "size": 0, "checksum": 0}
    names = {1: "dtype", 3: "shard", 4: "offset", 5: "size", 6: "checksum"}
    shape: tuple[int, ...] = ()
    sliced = False
    for field, value in fields(data):
        if field in names:
            values[names[field]] = number(value)
        elif field == 2:
            shape = _shape(message(value))
        elif field == 7:
            sliced = True
    return Entry(shape=shape, sliced=sliced, **values)


def _shape(data: bytes) -> tuple[int, ...]:
    shape: list[int] = []
    for field, value in fields(data):
        if field == 2:
            size = 0
            for inner, dimension in fields(message(value)):
                if inner == 1:
                    size = number(dimension)
            shape.append(size)
    return tuple(shape)


def _tensor(source: Source, file: str, name: str, entry: Entry) -> npt.NDArray[Any]:
    dtype = DTYPES[entry.dtype]
    if len(entry.shape) > 8 or math.prod(entry.shape) * dtype.itemsize != entry.size:
        raise ValueError(f"{name!r} of shape {list(entry.shape)} and {dtype} cannot have {entry.size} bytes")
    data = source.read(file, entry.offset, entry.size)
    if masked(crc32c(data)) != entry.checksum:
        raise ValueError(f"{name!r} does not match its checksum: {file} is damaged")
    return np.frombuffer(data, dtype).reshape(entry.shape).astype(np.float32)


def write(prefix: Path, tensors: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write float32 tensors as a checkpoint of one shard that TensorFlow restores; ``prefix`` as `model.ckpt`."""
    entries: list[tuple[bytes, bytes]] = [(b"", b"\x08\x01\x1a\x02\x08\x01")]  # one shard, version 1
    offset = 0
    with prefix.with_name(f"{prefix.name}.data-00000-of-00001").open("wb") as shard:
        for name in sorted(tensors, key=str.encode):
            data = np.ascontiguousarray(tensors[name], "<f4").tobytes()
            shard.write(data)
            sizes = (b"\x08" + encoded(size) for size in tensors[name].shape)
            shape = b"".join(b"\x12" + encoded(len(size)) + size for size in sizes)
            entry = b"\x08\x01\x12" + encoded(len(shape)) + shape + b"\x20" + encoded(offset)
            entry += b"\x28" + encoded(len(data)) + b"\x35" + masked(crc32c(data)).to_bytes(4, "little")
            entries.append((name.encode(), entry))
            offset += len(data)
    prefix.with_name(f"{prefix.name}.index").write_bytes(table.table(entries))
