"""StyleGAN2's generator, with skip connections (arXiv 1912.04958), as StyleGAN2-ADA stores it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.stylegan.config import Config
from models.stylegan.layers import Dense, halved, leaky, modulated, resample

Bend = Callable[[int, Tensor], Tensor]
"""Changes a layer's features: its number, and [N, C, H, W]."""


def features(config: Config, resolution: int) -> int:
    """How many a block has."""
    return min(config.channel_base // resolution, config.channel_max)


class Layer(nn.Module):
    """A modulated convolution, noise, and a leaky ReLU."""

    resample_filter: Tensor
    noise_const: Tensor

    def __init__(self, config: Config, inside: int, outside: int, size: int, up: int, noise: bool) -> None:
        super().__init__()
        self.affine = Dense(config.w_dim, inside)
        self.weight = nn.Parameter(torch.empty(outside, inside, 3, 3))
        self.bias = nn.Parameter(torch.empty(outside))
        self.register_buffer("resample_filter", torch.empty(4, 4))
        if noise:
            self.register_buffer("noise_const", torch.empty(size, size))
            self.noise_strength = nn.Parameter(torch.empty(()))
        self._up, self._noisy, self._clamp = up, noise, config.conv_clamp

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None) -> Tensor:
        """``noise`` [H, W] takes the place of the stored one."""
        x, weight, scale = modulated(x, self.weight, self.affine(w))
        if self._up == 2:
            # zeros between the points, then a true convolution, is a transposed one; the filter follows
            x = functional.conv_transpose2d(x, weight.transpose(0, 1), stride=2)
            x = resample(x, self.resample_filter, padding=(1, 1, 1, 1), gain=4)
        else:
            x = functional.conv2d(x, weight, padding=1)
        x = x * scale
        if self._noisy:
            x = x + (self.noise_strength * (self.noise_const if noise is None else noise)).to(x.dtype)
        return leaky(x + self.bias[:, None, None].to(x.dtype), clamp=self._clamp)


class ToRgb(nn.Module):
    """From features to colours, without demodulation."""

    def __init__(self, config: Config, inside: int) -> None:
        super().__init__()
        self.affine = Dense(config.w_dim, inside)
        self.weight = nn.Parameter(torch.empty(config.img_channels, inside, 1, 1))
        self.bias = nn.Parameter(torch.empty(config.img_channels))
        self._clamp = config.conv_clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        style = self.affine(w) / math.sqrt(self.weight.shape[1])
        x = functional.conv2d(x.to(w.dtype) * style[:, :, None, None], self.weight) + self.bias[:, None, None]
        return x if self._clamp is None else x.clamp(-self._clamp, self._clamp)


class Block(nn.Module):
    """One resolution: two layers (the first block: a constant and one layer), and its share of the picture."""

    def __init__(self, config: Config, resolution: int, noise: bool) -> None:
        super().__init__()
        inside, outside = features(config, resolution // 2), features(config, resolution)
        self.register_buffer("resample_filter", torch.empty(4, 4))
        if resolution == 4:
            self.const = nn.Parameter(torch.empty(outside, 4, 4))
        else:
            self.conv0 = Layer(config, inside, outside, resolution, 2, noise)
        self.conv1 = Layer(config, outside, outside, resolution, 1, noise)
        self.torgb = ToRgb(config, outside)
        self.layers: Sequence[Any] = [self.conv1] if resolution == 4 else [self.conv0, self.conv1]


class Synthesis(nn.Module):
    """From w [N, layers, w] to pictures [N, colours, size, size], about -1..1."""

    quick = False
    """The four largest resolutions in half precision, as NVIDIA trains them."""

    def __init__(self, config: Config, noise: bool) -> None:
        super().__init__()
        self.resolutions = [2**i for i in range(2, int(math.log2(config.img_resolution)) + 1)]
        for resolution in self.resolutions:
            self.add_module(f"b{resolution}", Block(config, resolution, noise))
        self._noisy = noise

    @property
    def noises(self) -> list[Tensor]:
        """Each layer's stored noise [H, W]; none where the network was made without."""
        layers = [layer for resolution in self.resolutions for layer in getattr(self, f"b{resolution}").layers]
        return [layer.noise_const for layer in layers] if self._noisy else []

    def forward(self, w: Tensor, noises: Sequence[Tensor | None] | None = None, bend: Bend | None = None) -> Tensor:
        x = picture = None
        at = 0
        for resolution in self.resolutions:
            block = getattr(self, f"b{resolution}")
            x = block.const.expand(len(w), -1, -1, -1) if x is None else x
            if self.quick and resolution * 16 > self.resolutions[-1]:
                x = halved(x)
            for layer in block.layers:
                x = layer(x, w[:, at], noises[at] if noises else None)
                x = x if bend is None else bend(at, x)
                at += 1
            colours = block.torgb(x, w[:, at])
            if picture is not None:
                picture = resample(picture, block.resample_filter, up=2, padding=(2, 1, 2, 1), gain=4)
            picture = colours if picture is None else picture + colours
        assert isinstance(picture, Tensor)
        return picture
