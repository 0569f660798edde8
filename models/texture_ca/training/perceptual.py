"""VGG16's first ten convolutions, frozen, as a measure of what a texture looks like; for training only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from .vgg16 import CONVOLUTIONS

MEAN_BGR = (103.939, 116.779, 123.68)


class Vgg(nn.Module):
    """Features of RGB images [B, 3, H, W] in 0–1 after the named ReLUs, as a dict of [B, C, h, w]."""

    def __init__(self, weights: Path | Mapping[str, np.ndarray], deepest: str) -> None:
        """``weights`` is what ``vgg16.convert`` wrote, or what ``vgg16.installed`` found."""
        super().__init__()
        self.names = CONVOLUTIONS[: CONVOLUTIONS.index(deepest) + 1]
        if isinstance(weights, Path):
            with np.load(weights) as file:
                weights = dict(file)
        for name in self.names:
            self.register_buffer(f"w{name}", torch.from_numpy(weights[f"conv{name}.weight"]))
            self.register_buffer(f"b{name}", torch.from_numpy(weights[f"conv{name}.bias"]))
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
