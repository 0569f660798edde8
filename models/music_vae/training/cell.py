"""Builds and loads `cell.c` where there is a C compiler: faster training; nothing else depends on it."""

import ctypes
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from torch import Tensor

SOURCE = Path(__file__).with_name("cell.c")
FLAGS = ["-O3", "-march=native", "-shared", "-fPIC"]
# What -ffast-math stands for, one by one: given whole, it also takes subnormal numbers from the whole process.
FLAGS += ["-fno-math-errno", "-ffinite-math-only", "-fno-signed-zeros", "-fno-trapping-math", "-fassociative-math"]


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions, or None without a compiler (or with ANTIPHON_NO_CC set)."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None or os.environ.get("ANTIPHON_NO_CC"):
        return None
    # Built anew in each process, in a folder of its own: nothing to go stale, and no one else's file to load.
    name = hashlib.sha256(SOURCE.read_bytes()).hexdigest()[:12]
    with tempfile.TemporaryDirectory(prefix="antiphon-cell-") as folder:
        built = Path(folder) / f"{name}.so"
        done = subprocess.run(
            [compiler, *FLAGS, "-o", str(built), str(SOURCE), "-lm"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            return None
        found = ctypes.CDLL(str(built))
    size, address = ctypes.c_int64, ctypes.c_void_p
    found.cell_forward.argtypes = [size, size, *[address] * 10]
    found.cell_backward.argtypes = [size, size, *[address] * 8]
    found.cell_forward.restype = found.cell_backward.restype = None
    return found


def pointer(x: Tensor | None) -> int | None:
    """The address of a contiguous tensor's first element."""
    if x is None:
        return None
    if not x.is_contiguous():
        raise ValueError("a tensor handed to C must be contiguous")
    return x.data_ptr()
