"""Files are whole or not there, and a full disk is found out beforehand."""

import contextlib
import errno
from pathlib import Path

import pytest

from bridge.measure.files import reason, require_space, writing


def test_a_full_disk_is_found_out_and_left_as_it_was(tiny_disk: Path) -> None:
    require_space(tiny_disk, 100_000)
    with pytest.raises(OSError, match="No space left") as caught:
        require_space(tiny_disk, 2 << 20)
    assert caught.value.errno == errno.ENOSPC
    assert reason(tiny_disk, caught.value) == f"cannot write {tiny_disk}: No space left on device"
    assert not list(tiny_disk.iterdir())


def test_a_write_that_fails_leaves_the_earlier_file(tiny_disk: Path) -> None:
    path = tiny_disk / "file"
    path.write_bytes(b"earlier")
    with pytest.raises(OSError, match="No space left"), writing(path) as temporary:
        temporary.write_bytes(bytes(2 << 20))
    assert path.read_bytes() == b"earlier"
    assert [file.name for file in tiny_disk.iterdir()] == ["file"]


def test_a_block_that_fails_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"earlier")
    with contextlib.suppress(ZeroDivisionError), writing(path) as temporary:
        temporary.write_bytes(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"earlier"
    with writing(path) as temporary:
        temporary.write_bytes(b"later")
    assert path.read_bytes() == b"later"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError) as caught:
        require_space(tmp_path / "file" / "out", 1)
    assert str(tmp_path) in reason(tmp_path / "file" / "out", caught.value)
