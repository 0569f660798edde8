"""StyleGAN3's generator (arXiv 2106.12423), its configurations T and R.

Features are samples of continuous signals: the first are waves, of which any shift and turn can be drawn exactly, and
each non-linearity is taken at a higher rate, between low-pass filters. Those filters are stored in the file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.stylegan.config import Config
from models.stylegan.layers import GAIN, SLOPE, Dense, halved, modulated, resample
from models.stylegan.stylegan2 import Bend


class Plan:
    """Each layer's rate, size, cut-off and number of features, after the paper's section 3.2 and appendix."""

    def __init__(self, config: Config) -> None:
        last_cutoff = config.img_resolution / 2
        last_stopband = last_cutoff * config.last_stopband_rel
        share = np.minimum(np.arange(config.num_layers + 1) / (config.num_layers - config.num_critical), 1)
        self.cutoffs = config.first_cutoff * (last_cutoff / config.first_cutoff) ** share
        stopbands = config.first_stopband * (last_stopband / config.first_stopband) ** share
        self.rates = np.exp2(np.ceil(np.log2(np.minimum(stopbands * 2, config.img_resolution)))).astype(int)
        self.sizes = self.rates + 2 * config.margin_size
        self.sizes[-2:] = config.img_resolution
        self.features = np.rint(np.minimum(config.channel_base / 2 / self.cutoffs, config.channel_max)).astype(int)
        self.features[-1] = config.img_channels
        if self.rates[0] < 1 or (np.diff(self.rates) < 0).any() or self.features.min() < 1:
            raise ValueError(f"its layers' rates must grow from 1 on, got {self.rates.tolist()}")


class Waves(nn.Module):
    """The input: waves over the plane, which the first w shifts and turns, and the performer after it."""

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, config: Config, plan: Plan) -> None:
        super().__init__()
        count = int(plan.features[0])
        self.affine = Dense(config.w_dim, 4)
        self.weight = nn.Parameter(torch.empty(count, count))
        self.register_buffer("transform", torch.empty(3, 3))
        self.register_buffer("freqs", torch.empty(count, 2))
        self.register_buffer("phases", torch.empty(count))
        self._size, self._rate, self._band = int(plan.sizes[0]), int(plan.rates[0]), float(plan.cutoffs[0])

    def forward(self, w: Tensor, transform: Tensor | None = None) -> Tensor:
        """``transform`` [3, 3], of the plane, takes the place of the stored one."""
        told = self.affine(w)
        cosine, sine, x, y = (told / told[:, :2].norm(dim=1, keepdim=True)).unbind(1)
        nought, one = torch.zeros_like(x), torch.ones_like(x)
        turn = torch.stack([cosine, -sine, nought, sine, cosine, nought, nought, nought, one], 1).reshape(-1, 3, 3)
        shift = torch.stack([one, nought, -x, nought, one, -y, nought, nought, one], 1).reshape(-1, 3, 3)
        whole = turn @ shift @ (self.transform if transform is None else transform.to(x))
        phases = self.phases + (self.freqs @ whole[:, :2, 2:]).squeeze(2)  # [N, C]
        freqs = self.freqs @ whole[:, :2, :2]  # [N, C, 2]
        amplitudes = (1 - (freqs.norm(dim=2) - self._band) / (self._rate / 2 - self._band)).clamp(0, 1)
        points = (torch.arange(self._size, dtype=x.dtype, device=x.device) + 0.5 - self._size / 2) / self._rate
        across = freqs[:, :, 0, None, None] * points[None, None, None, :]
        down = freqs[:, :, 1, None, None] * points[None, None, :, None]
        waves = torch.sin(2 * math.pi * (across + down + phases[:, :, None, None])) * amplitudes[:, :, None, None]
        weight = self.weight / math.sqrt(self.weight.shape[0])
        return functional.conv2d(waves, weight[:, :, None, None])


class Layer(nn.Module):
    """A modulated convolution and a leaky ReLU without aliasing; the last makes colours."""

    up_filter: Tensor | None
    down_filter: Tensor | None
    magnitude_ema: Tensor

    def __init__(self, config: Config, plan: Plan, index: int) -> None:
        super().__init__()
        before = max(index - 1, 0)
        self._colours = index == config.num_layers
        critical = index >= config.num_layers - config.num_critical
        inside, outside = int(plan.features[before]), int(plan.features[index])
        size_in, self.size = int(plan.sizes[before]), int(plan.sizes[index])
        rate_in, rate_out = int(plan.rates[before]), int(plan.rates[index])
        kernel = 1 if self._colours else config.conv_kernel
        rate = max(rate_in, rate_out) * (1 if self._colours else config.lrelu_upsampling)
        self._up, self._down = rate // rate_in, rate // rate_out
        taps_up, taps_down = (
            config.filter_size * factor if factor > 1 and not self._colours else 1 for factor in (self._up, self._down)
        )
        self.affine = Dense(config.w_dim, inside)
        self.weight = nn.Parameter(torch.empty(outside, inside, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(outside))
        self.register_buffer("magnitude_ema", torch.empty(()))
        radial = config.use_radial_filters and not critical
        self.register_buffer("up_filter", torch.empty(taps_up) if taps_up > 1 else None)
        shape = (taps_down, taps_down) if radial else (taps_down,)
        self.register_buffer("down_filter", torch.empty(shape) if taps_down > 1 else None)
        total = (self.size - 1) * self._down + 1 - (size_in + kernel - 1) * self._up + taps_up + taps_down - 2
        low = (total + self._up) // 2
        self._padding = (low, total - low, low, total - low)
        self._kernel, self._clamp = kernel, config.conv_clamp

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        weight: Tensor = self.weight
        style: Tensor = self.affine(w)
        if self._colours:
            style = style / math.sqrt(weight.shape[1])
        else:  # both to unit size first, so that half precision suffices; each picture's style by itself
            weight = weight * weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
            style = style * style.square().mean(1, keepdim=True).rsqrt()
        quiet = self.magnitude_ema.rsqrt()
        if self._colours:
            x = functional.conv2d(x.to(w.dtype) * style[:, :, None, None], weight) * quiet
        else:
            x, weight, scale = modulated(x, weight, style)
            x = functional.conv2d(x, weight, padding=self._kernel - 1) * (scale * quiet.to(x.dtype))
        x = x + self.bias[:, None, None].to(x.dtype)
        x = resample(x, self.up_filter, up=self._up, padding=self._padding, gain=self._up**2)
        if not self._colours:
            x = functional.leaky_relu(x, SLOPE) * GAIN
        x = x if self._clamp is None else x.clamp(-self._clamp, self._clamp)
        return resample(x, self.down_filter, down=self._down)


class Synthesis(nn.Module):
    """From w [N, layers, w] to pictures [N, colours, size, size], about -1..1. It has no noise."""

    quick = False
    """The layers near the picture's own rate in half precision, as NVIDIA trains them."""
    noises: Sequence[Tensor] = ()

    def __init__(self, config: Config) -> None:
        super().__init__()
        plan = Plan(config)
        self.input = Waves(config, plan)
        self._names, self._fine = [], plan.rates * 16 > config.img_resolution
        for index in range(config.num_layers + 1):
            name = f"L{index}_{int(plan.sizes[index])}_{int(plan.features[index])}"
            self.add_module(name, Layer(config, plan, index))
            self._names.append(name)
        self._scale = config.output_scale

    def forward(
        self, w: Tensor, noises: Sequence[Tensor | None] | None = None, bend: Bend | None = None,
        transform: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        x: Tensor = self.input(w[:, 0], transform)
        for index, name in enumerate(self._names):
            if self.quick and self._fine[index]:
                x = halved(x)
            x = getattr(self, name)(x, w[:, index + 1])
            if bend is not None and index < len(self._names) - 1:
                x = bend(index, x)
        return x * self._scale
