"""Checkpoints as numpy's `.npz`, one array a variable; never unpickled."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.music_vae.checkpoints.source import LARGEST_FILE
from models.music_vae.checkpoints.tensorflow import NOT_WEIGHTS


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of floating-point numbers by name. Raises OSError, or ValueError with the path and the reason."""
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(info.file_size for info in archive.infolist())
        if total > LARGEST_FILE:
            raise ValueError(f"it must unpack to at most {LARGEST_FILE} bytes, says {total}")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files if not NOT_WEIGHTS.search(name)}
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError, NotImplementedError) as error:
        raise ValueError(f"{path}: not a readable .npz: {error}") from error
    return {name: array for name, array in found.items() if array.dtype.kind == "f"}
