"""The generator and the discriminator, on latents of 24×16×16.

The generator is StyleGAN2's in small (Karras et al. 2020): a mapping from z to w, modulated convolutions that w scales,
each with its own w and its own noise. Modulation scales what goes in and what comes out of a plain convolution, which
is the same arithmetic as scaling its weights, and faster on a processor.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS
from models.latent.training.coding import decode_plain

Z = 64
"""Numbers of z and of w."""
STEPS = (1, 2, 2, 4, 4)
"""What each layer works at, in 4×4 cells: two layers at 8×8 and at 16×16."""
LAYERS = len(STEPS) + 1
"""Layers that have a w of their own; the last one makes the latent."""
WIDTHS = (160, 128, 128, 80, 80)


def unit(z: Tensor) -> Tensor:
    """z with a mean square of 1."""
    return z * (z.square().mean(-1, keepdim=True) + 1e-8).rsqrt()


class Mapping(nn.Module):
    """z [B, Z] to w [B, Z]."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(Z, 128), nn.Linear(128, Z)

    def forward(self, z: Tensor) -> Tensor:
        return self.second(functional.leaky_relu(self.first(unit(z)), 0.2)) + unit(z)


class Modulated(nn.Module):
    """A convolution whose input w scales; what comes out keeps its variance."""

    def __init__(self, inputs: int, outputs: int, size: int = 3, demodulate: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size) / (inputs * size * size) ** 0.5)
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.scale = nn.Linear(Z, inputs)
        nn.init.ones_(self.scale.bias)
        self.demodulate, self.padding = demodulate, size // 2

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        scale = self.scale(w)
        y = functional.conv2d(x * scale[:, :, None, None], self.weight, padding=self.padding)
        if self.demodulate:
            power = scale.square() @ self.weight.square().sum((2, 3)).T
            y = y * (power + 1e-8).rsqrt()[:, :, None, None]
        return y + self.bias[:, None, None]


class Synthesis(nn.Module):
    """w of each layer [B, LAYERS, Z] and noise of each [B, 1, h, w] to latents; larger noise makes larger latents."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.randn(1, widths[0], 4, 4))
        inputs = (widths[0], *widths[:-1])
        self.layers = nn.ModuleList(Modulated(i, o) for i, o in zip(inputs, widths, strict=True))
        self.strength = nn.Parameter(torch.zeros(len(widths)))
        self.out = Modulated(widths[-1], CHANNELS, 1, demodulate=False)

    def forward(self, w: Tensor, noises: Sequence[Tensor]) -> Tensor:
        x = functional.interpolate(self.start, size=noises[0].shape[2:], mode="bilinear", align_corners=False)
        x = x.expand(len(w), -1, -1, -1)
        for i, layer in enumerate(self.layers):
            if STEPS[i] != STEPS[max(0, i - 1)]:
                x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
            x = functional.leaky_relu(layer(x, w[:, i]) + self.strength[i] * noises[i], 0.2) * 2**0.5
        return self.out(x, w[:, -1])


class Generator(nn.Module):
    """z to latents."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.mapping, self.synthesis = Mapping(), Synthesis(widths)

    def forward(self, z: Tensor, generator: torch.Generator | None = None) -> Tensor:
        w = self.mapping(z)[:, None].expand(-1, LAYERS, -1)
        return self.synthesis(w, noise(len(z), generator))


def noise(count: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """Noise for each layer of so many latents of 16×16."""
    return [torch.randn(count, 1, 4 * step, 4 * step, generator=generator) for step in STEPS]


class Discriminator(nn.Module):
    """Latents to how real they look [B]; it also sees how much the latents of a batch differ.

    It looks at what the linear way back makes of them, across the cells' borders: in latents alone, it would not see
    that cells do not fit each other.
    """

    def __init__(self, widths: tuple[int, int, int] = (64, 112, 160)) -> None:
        super().__init__()
        fine, middle, coarse = widths
        self.start = nn.Conv2d(3, fine, 8, padding=2, stride=4)
        self.fine = nn.Conv2d(fine, fine, 3, padding=1)
        self.down = nn.Conv2d(fine, middle, 3, padding=1, stride=2)
        self.middle = nn.Conv2d(middle, middle, 3, padding=1)
        self.down_again = nn.Conv2d(middle, coarse, 3, padding=1, stride=2)
        self.coarse = nn.Conv2d(coarse + 1, coarse, 3, padding=1)
        self.judge = nn.Linear(coarse * 16, 1)

    def forward(self, latents: Tensor) -> Tensor:
        x = 2 * decode_plain(latents.float()) - 1
        for layer in (self.start, self.fine, self.down, self.middle, self.down_again):
            x = functional.leaky_relu(layer(x), 0.2)
        spread = x.float().var(0, unbiased=False).add(1e-8).sqrt().mean().expand(len(x), 1, 4, 4)
        x = functional.leaky_relu(self.coarse(torch.cat([x, spread.to(x)], 1)), 0.2)
        return self.judge(x.flatten(1))[:, 0]
