"""What the generators of StyleGAN2 and StyleGAN3 share; written from the papers (arXiv 1912.04958, 2106.12423).

Parameters and buffers are named as in NVIDIA's files, so that what was read fits as it is. All is inference: a style
for each picture, no gradients.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE, GAIN = 0.2, math.sqrt(2)
"""Of the leaky ReLU, and what it is multiplied by so that the variance stays."""
TINY = 1e-8


def leaky(x: Tensor, gain: float = GAIN, clamp: float | None = None) -> Tensor:
    """The leaky ReLU, with its gain, and no further from 0 than ``clamp``."""
    x = functional.leaky_relu(x, SLOPE) * gain
    return x if clamp is None else x.clamp(-clamp, clamp)


class Dense(nn.Module):
    """A layer whose stored weights are scaled by its fan-in and the rate at which it learnt."""

    def __init__(self, inside: int, outside: int, rate: float = 1.0, active: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outside, inside))
        self.bias = nn.Parameter(torch.empty(outside))
        self._rate, self._active = rate, active

    def forward(self, x: Tensor) -> Tensor:
        scale = self._rate / math.sqrt(self.weight.shape[1])
        x = functional.linear(x, self.weight * scale, self.bias * self._rate)
        return leaky(x) if self._active else x


class Mapping(nn.Module):
    """From z [N, z] (and a class [N, c]) to w [N, w]."""

    w_avg: Tensor

    def __init__(self, z: int, c: int, w: int, layers: int, rate: float) -> None:
        super().__init__()
        if c:
            self.embed = Dense(c, w)
        widths = [z + (w if c else 0)] + [w] * layers
        for i in range(layers):
            self.add_module(f"fc{i}", Dense(widths[i], widths[i + 1], rate, active=True))
        self.register_buffer("w_avg", torch.empty(w))
        self._layers, self._classes = layers, c

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        x = unit(z)
        if self._classes:
            c = torch.zeros(len(z), self._classes, dtype=z.dtype, device=z.device) if c is None else c
            x = torch.cat([x, unit(self.embed(c))], 1)
        for i in range(self._layers):
            x = getattr(self, f"fc{i}")(x)
        return x


def unit(x: Tensor) -> Tensor:
    """Scaled so that its squares' mean is 1."""
    return x * (x.square().mean(1, keepdim=True) + TINY).rsqrt()


def modulated(x: Tensor, weight: Tensor, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """x [N, in, H, W] with the features scaled by the style [N, in], the weight [out, in, k, k] to convolve with, and
    what the outcome is to be multiplied by [N, out, 1, 1], so that each feature's variance stays 1.

    Scaling what goes in and comes out of one convolution is the same as one kernel for each picture.
    """
    if x.dtype == torch.float16:  # both made small, which the factor undoes, so that no sum leaves the range
        weight = weight / (weight.abs().amax() * math.sqrt(weight[0].numel()))
        style = style / style.abs().amax(1, keepdim=True)
    power = style.square() @ weight.square().sum((2, 3)).t()
    factor = (power + TINY).rsqrt()[:, :, None, None]
    return x * style[:, :, None, None].to(x.dtype), weight.to(x.dtype), factor.to(x.dtype)


def halved(x: Tensor) -> Tensor:
    """In half precision, with the features of a point side by side, as GPUs take convolutions fastest."""
    return x.to(torch.float16, memory_format=torch.channels_last)


def resample(
    x: Tensor, kernel: Tensor | None, up: int = 1, down: int = 1, padding: tuple[int, int, int, int] = (0, 0, 0, 0),
    gain: float = 1.0,
) -> Tensor:  # fmt: skip
    """Put ``up`` - 1 zeros after each point, pad (left, right, top, bottom; crop where negative), convolve with the
    kernel ([k], applied down and across, or [k, k]) times ``gain``, keep every ``down``-th point."""
    features = x.shape[1]
    kernel = torch.ones(1, dtype=x.dtype, device=x.device) if kernel is None else kernel.to(x.dtype)
    length = kernel.shape[-1]
    if kernel.ndim == 2:
        passes = [((kernel * gain).reshape(1, 1, length, length), (up, up), (down, down))]
    else:
        line = kernel * math.sqrt(gain)
        passes = [
            (line.reshape(1, 1, -1, 1), (up, 1), (down, 1)),
            (line.reshape(1, 1, 1, -1), (1, up), (1, down)),
        ]
    if up > 1:  # zeros and a convolution are a transposed convolution, which multiplies no zeros
        for taps, by, _ in passes:
            x = functional.conv_transpose2d(x, taps.repeat(features, 1, 1, 1), stride=by, groups=features)
        before, after = length - 1, length - up  # what it has too much
        left, right, top, bottom = padding
        return functional.pad(x, (left - before, right - after, top - before, bottom - after))[:, :, ::down, ::down]
    x = functional.pad(x, padding)
    for taps, _, by in passes:  # torch's convolution is a correlation
        x = functional.conv2d(x, taps.flip(2, 3).repeat(features, 1, 1, 1), stride=by, groups=features)
    return x
