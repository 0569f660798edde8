"""Where the files of a checkpoint lie: a folder, or a tar archive read in place, never unpacked."""

import tarfile
from pathlib import Path
from typing import Protocol, Self

LARGEST_FILE = 16 << 30
"""Bytes; the biggest published checkpoint is under 2 GiB."""


class Source(Protocol):
    """Named files, of which parts can be read."""

    def names(self) -> list[str]:
        """The files' names."""
        ...

    def size(self, name: str) -> int:
        """Bytes. Raises ValueError for a name that is not there."""
        ...

    def read(self, name: str, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset``. Raises ValueError if the file has fewer."""
        ...


class Folder:
    """The files of one folder, not of those below it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        """The files' names."""
        return sorted(path.name for path in self._path.iterdir() if path.is_file())

    def size(self, name: str) -> int:
        """Bytes. Raises ValueError for a name that is not there."""
        return self._file(name).stat().st_size

    def read(self, name: str, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset``. Raises ValueError if the file has fewer."""
        path = self._file(name)
        _check_range(str(path), offset, size, path.stat().st_size)
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _file(self, name: str) -> Path:
        if not name or name != Path(name).name or "\\" in name:
            raise ValueError(f"a checkpoint's file must lie in its own folder, got {name!r}")
        path = self._path / name
        if not path.is_file():
            raise ValueError(f"{self._path} has no file {name!r}")
        return path


class Archive:
    """The plain files of a tar archive, by their last name; links, devices and folders do not exist for it."""

    def __init__(self, path: Path) -> None:
        """Read the archive's list. Raises OSError, or ValueError if it is not one."""
        self._path = path
        self._members: dict[str, tarfile.TarInfo] = {}
        try:
            self._tar = tarfile.open(path)  # noqa: SIM115  (closed by __exit__)
        except (tarfile.TarError, EOFError) as error:
            raise ValueError(f"{path}: not a tar archive: {error}") from error
        try:
            for member in self._tar:
                if member.isreg():
                    self._add(member)
        except (tarfile.TarError, EOFError) as error:
            self._tar.close()
            raise ValueError(f"{path}: not a whole tar archive: {error}") from error
        except BaseException:
            self._tar.close()
            raise

    def _add(self, member: tarfile.TarInfo) -> None:
        name = member.name.replace("\\", "/").rsplit("/", 1)[-1]
        if member.size > LARGEST_FILE:
            raise ValueError(f"{self._path}: a file must be at most {LARGEST_FILE} bytes, {name!r} has {member.size}")
        if name in self._members:
            raise ValueError(f"{self._path}: two files are called {name!r}")
        self._members[name] = member

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def names(self) -> list[str]:
        """The files' names, without folders."""
        return sorted(self._members)

    def size(self, name: str) -> int:
        """Bytes. Raises ValueError for a name that is not there."""
        return self._member(name).size

    def read(self, name: str, offset: int, size: int) -> bytes:
        """``size`` bytes from ``offset``. Raises ValueError if the file has fewer."""
        member = self._member(name)
        _check_range(f"{self._path}: {name}", offset, size, member.size)
        try:
            file = self._tar.extractfile(member)
            if file is None:
                raise ValueError(f"{self._path}: {name!r} is not a plain file")
            with file:
                file.seek(offset)
                found = file.read(size)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise ValueError(f"{self._path}: {name!r} cannot be read: {error}") from error
        if len(found) != size:
            raise ValueError(f"{self._path}: {name!r} ends after {len(found)} of {size} bytes from {offset}")
        return found

    def _member(self, name: str) -> tarfile.TarInfo:
        if name not in self._members:
            raise ValueError(f"{self._path} has no file {name!r}")
        return self._members[name]


def _check_range(what: str, offset: int, size: int, total: int) -> None:
    if offset < 0 or size < 0 or offset + size > total:
        raise ValueError(f"{what}: bytes {offset} to {offset + size} are asked for, it has {total}")
