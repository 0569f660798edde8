"""One thread for numpy's products: for single rows more threads only wait for each other.

On two busy cores, OpenBLAS with two threads took 60 to 1600 ms for what one did in 15.
"""

import ctypes
from pathlib import Path

import numpy as np

_SETTERS = ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads", "openblas_set_num_threads")


def use_one_thread() -> bool:
    """Tell the OpenBLAS that numpy's wheel brings to use one thread, in this process; False if it brought none.

    Where numpy uses another library (Accelerate, MKL, the system's), its own environment variable is the way.
    """
    for folder in (Path(np.__file__).parent.parent / "numpy.libs", Path(np.__file__).parent / ".dylibs"):
        for path in sorted(folder.glob("*openblas*")):
            library = ctypes.CDLL(str(path))  # already loaded: this only finds it again
            for name in _SETTERS:
                setter = getattr(library, name, None)
                if setter is not None:
                    setter(ctypes.c_int(1))
                    return True
    return False
