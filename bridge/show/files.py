"""Files that a crash cannot halve: written beside, flushed, and put in place; read with their schema checked."""

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

SCHEMA = 1
"""Of every file that is written here; one with a greater number comes from a newer Antiphon."""
LARGEST = 4_000_000
"""Bytes of a file that is read at all."""

Kind = TypeVar("Kind", bound=msgspec.Struct)


class FileError(ValueError):
    """A file that cannot be used; the text names it and says why."""


class _Head(msgspec.Struct):
    schema: int


def write(path: Path, value: msgspec.Struct) -> None:
    """Write a value as JSON, whole or not at all, even where the power fails. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    with partial.open("wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    with contextlib.suppress(OSError):  # Windows does not open folders; there the replacement is durable by itself
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def read(path: Path, kind: type[Kind]) -> Kind:
    """Read a value that write() wrote; nothing unknown is passed over. Raises FileNotFoundError, FileError, OSError."""
    size = path.stat().st_size
    if size > LARGEST:
        raise FileError(f"{path.name} must be at most {LARGEST} bytes, it has {size}")
    data = path.read_bytes()
    try:
        schema = msgspec.json.decode(data, type=_Head).schema
        if schema != SCHEMA:
            newer = "; it was written by a newer Antiphon" if schema > SCHEMA else ""
            raise FileError(f"{path.name} must be of schema {SCHEMA}, it is of {schema}{newer}")
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        raise FileError(f"{path.name} is not such a file: {error}") from error
