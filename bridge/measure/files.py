"""Files that are either whole or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_BLOCK = bytes(1 << 20)


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path`` to write to; it takes the place of ``path`` when the block ends well.

    When the block fails, what was written is removed and an earlier ``path`` stays as it was. Raises OSError.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def require_space(folder: Path, size: int) -> None:
    """Make the folder and see that ``size`` bytes can be written there; leaves nothing behind. Raises OSError.

    They are really written, for what the system calls free says nothing of quotas.
    """
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".space.{os.getpid()}.part"
    try:
        with probe.open("wb") as file:
            for _ in range(-(-size // len(_BLOCK))):
                file.write(_BLOCK)
            file.flush()
    finally:
        probe.unlink(missing_ok=True)


def reason(path: Path, error: OSError) -> str:
    """Say for people what could not be written and why."""
    return f"cannot write {path}: {error.strerror or error}"
