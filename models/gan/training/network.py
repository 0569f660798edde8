"""The generator and the discriminator, on latents of 24×16×16.

The generator is StyleGAN2's in small (Karras et al. 2020): a mapping from z to w, modulated convolutions that w scales,
each with its own w and its own noise. Modulation scales what goes in and what comes out of a plain convolution, which
is the same arithmetic as scaling its weights, and faster on a processor.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from models.latent.training.coding import encode

from .features import TAKEN, Features

Z = 64
"""Numbers of z and of w."""
STEPS = (1, 2, 2, 4, 4, 8)
"""What each layer works at, times 4×4: two layers at 8×8 and at 16×16, one at 32×32."""
LAYERS = len(STEPS) + 1
"""Layers that have a w of their own; the last one makes the picture, and of it the latent."""
WIDTHS = (192, 160, 128, 80, 80, 32)
FINE = 16
"""Channels of which the picture's points are made."""
POINTS = 64
"""z that are kept to walk between; of the walk of footage, at the most."""
LOOKED = 96
"""Points of the side to which pictures are enlarged for the discriminator, whose features come from larger ones."""


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
        self.out = Modulated(widths[-1], FINE)
        self.points = nn.Conv2d(FINE, 3, 3, padding=1)

    def forward(self, w: Tensor, noises: Sequence[Tensor]) -> Tensor:
        x = self.layer(0, None, w[:, 0], noises[0])
        for i in range(1, len(self.layers)):
            x = self.layer(i, x, w[:, i], noises[i])
        return self.last(x, w[:, -1])

    def last(self, x: Tensor, w: Tensor) -> Tensor:
        """The latents of the last layer, which paints points, so that no cell ends where another begins."""
        x = functional.leaky_relu(self.out(x, w), 0.2) * 2**0.5
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return encode(0.5 + 0.25 * self.points(x))

    def layer(self, i: int, x: Tensor | None, w: Tensor, noise: Tensor) -> Tensor:
        """Features [B, C, h, w] of one layer from those of the layer before; the first has what was learnt instead."""
        if x is None:
            x = functional.interpolate(self.start, size=noise.shape[2:], mode="bilinear", align_corners=False)
            x = x.expand(len(w), -1, -1, -1)
        elif STEPS[i] != STEPS[i - 1]:
            x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        return functional.leaky_relu(self.layers[i](x, w) + self.strength[i] * noise, 0.2) * 2**0.5


class Generator(nn.Module):
    """z to latents."""

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.mapping, self.synthesis = Mapping(), Synthesis(widths)

    def forward(self, z: Tensor, generator: torch.Generator | None = None, mixed: int = 0) -> Tensor:
        """Of so many, the last, the later layers are another's, from a layer drawn at random on."""
        w = self.mapping(z)[:, None].expand(-1, LAYERS, -1)
        if mixed:
            first = torch.randint(1, LAYERS, (len(z), 1, 1), generator=generator)
            chosen = torch.arange(len(z)).view(-1, 1, 1) >= len(z) - mixed
            late = torch.arange(LAYERS).view(1, LAYERS, 1) >= first
            w = torch.where(chosen & late, w.roll(1, 0), w)
        return self.synthesis(w, noise(len(z), generator))


def noise(count: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """Noise for each layer of so many latents of 16×16."""
    return [torch.randn(count, 1, 4 * step, 4 * step, generator=generator) for step in STEPS]


class Discriminator(nn.Module):
    """Pictures [B, 3, 64, 64] to how real they look: a map of verdicts [B, 4 × 4 or so] for each scale of features.

    It looks through frozen features, which fixed random convolutions mix across channels and from coarse scales to fine
    ones, so that no scale can be let down (projected GANs, Sauer et al. 2021).
    """

    def __init__(self, features: Features, widths: Sequence[int] = (32, 48, 64, 96)) -> None:
        super().__init__()
        self.features = features
        self.across = nn.ModuleList(nn.Conv2d(i, o, 1) for i, o in zip(TAKEN, widths, strict=True))
        self.down = nn.ModuleList(nn.Conv2d(i, o, 3, padding=1) for o, i in itertools.pairwise(widths))
        for layer in (*self.across, *self.down):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")  # type: ignore[arg-type]
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
            layer.requires_grad_(False)
        self.register_buffer("scale", torch.ones(len(widths)))
        self.judges = nn.ModuleList(
            Judge(width, halvings) for width, halvings in zip(widths, (3, 2, 1, 0), strict=True)
        )

    def calibrate(self, pictures: Tensor) -> None:
        """Have the features of such pictures vary by 1 on each scale."""
        with torch.no_grad():
            self.scale.mul_(torch.stack([1 / x.float().std() for x in self.look(pictures)]))

    def look(self, pictures: Tensor) -> list[Tensor]:
        """The features of pictures, mixed; of these alone the verdict is made."""
        taken = self.features(
            functional.interpolate(pictures, size=(LOOKED,) * 2, mode="bilinear", align_corners=False)
        )
        mixed = [across(x) for x, across in zip(taken, self.across, strict=True)]
        for i in reversed(range(len(self.down))):
            above = functional.interpolate(self.down[i](mixed[i + 1]), scale_factor=2, mode="bilinear")
            mixed[i] = mixed[i] + above
        return [x * scale for x, scale in zip(mixed, self.scale, strict=True)]

    def forward(self, looked: Sequence[Tensor]) -> list[Tensor]:
        return [judge(x).flatten(1).float() for judge, x in zip(self.judges, looked, strict=True)]


class Judge(nn.Module):
    """A small network on features of one scale; it also sees how much those of a batch differ."""

    def __init__(self, width: int, halvings: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(halvings):
            wider = min(128, 2 * width)
            layers += [spectral_norm(nn.Conv2d(width, wider, 4, 2, 1)), nn.LeakyReLU(0.2)]
            width = wider
        self.down = nn.Sequential(*layers)
        self.last = spectral_norm(nn.Conv2d(width + 1, 128, 3, padding=1))
        self.verdict = spectral_norm(nn.Conv2d(128, 1, 3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        spread = x.float().var(0, unbiased=False).add(1e-8).sqrt().mean().expand(len(x), 1, *x.shape[2:])
        x = functional.leaky_relu(self.last(torch.cat([x, spread.to(x)], 1)), 0.2)
        return self.verdict(x)  # type: ignore[no-any-return]
