"""Principal components of the pictures, which the dense layers are to name coefficients of."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.latent.space import CHANNELS, SPREAD
from models.latent.training.coding import encode

from .captions import Pictures, gradients
from .network import OBJECTS, OPACITY, SCENES, Bases, TextToImage

WEIGHT = torch.from_numpy(SPREAD).sqrt().view(1, CHANNELS, 1, 1) * 2
"""What a channel counts for when components are chosen: the coarse ones more."""


@dataclass(frozen=True)
class Components:
    """Orthonormal rows about a mean, and by what the coefficients are divided so that they vary by about 1."""

    mean: Tensor
    parts: Tensor
    size: float
    weight: Tensor

    @classmethod
    def of(cls, rows: Tensor, weight: Tensor, count: int) -> Components:
        """The ``count`` largest of weighted rows [N, D]."""
        rows = rows * weight
        mean = rows.mean(0)
        centred = rows - mean
        _, vectors = torch.linalg.eigh(centred @ centred.T)
        parts = functional.normalize(vectors.flip(1)[:, :count].T @ centred, dim=1)
        parts = functional.pad(parts, (0, 0, 0, count - len(parts)))  # of few pictures there are fewer
        return cls(mean, parts, float((centred @ parts.T).std()), weight)

    def coefficients(self, rows: Tensor) -> Tensor:
        """[N, count] of rows [N, D]."""
        return (rows * self.weight - self.mean) @ self.parts.T / self.size

    def keep(self, bases: Bases, name: str) -> None:
        """Write them to the network's bases, in 8 bits."""
        scaled = self.parts * self.size / self.weight
        steps = scaled.abs().amax(1, keepdim=True).clamp(min=1e-9) / 127
        getattr(bases, name).copy_((scaled / steps).round().to(torch.int8))
        getattr(bases, f"{name}_scale").copy_(steps)
        getattr(bases, f"{name}_mean").copy_(self.mean / self.weight)


def emoji_rows(layers: Tensor) -> Tensor:
    """[N, LAYER · 256] of layers [N, 4, 64, 64]: the latent, and the opacity at 32×32."""
    opacity = functional.pixel_unshuffle(functional.avg_pool2d(layers[:, 3:], 2), 2) * OPACITY
    return torch.cat([encode(layers[:, :3]), opacity], 1).flatten(1)


def of_emoji(pictures: Pictures) -> Components:
    layers = pictures.pixels[[*pictures.objects, *pictures.flags]].float() / 255
    rows = emoji_rows(torch.cat([layers, torch.zeros(1, 4, 64, 64)]))
    weight = torch.cat([WEIGHT.expand(1, CHANNELS, 16, 16), torch.ones(1, 4, 16, 16)], 1).flatten()
    return Components.of(rows, weight, OBJECTS)


def of_scenes(pictures: Pictures) -> Components:
    """Of the scenes, the same mirrored, and gradients of two colours."""
    scenes = pictures.pixels[pictures.scenes, :3].float() / 255
    plain = gradients(torch.rand(300, 2, 3, generator=torch.Generator().manual_seed(0)))
    rows = encode(torch.cat([scenes, scenes.flip(3), plain])).flatten(1)
    return Components.of(rows, WEIGHT.expand(1, CHANNELS, 16, 16).flatten(), SCENES)


def remember(model: TextToImage, pictures: Pictures) -> Components:
    """Fill the bases and the memories' values; returns the components of what is behind."""
    emoji, scenes = of_emoji(pictures), of_scenes(pictures)
    emoji.keep(model.bases, "objects")
    scenes.keep(model.bases, "scenes")
    layers = pictures.pixels[[*pictures.objects, *pictures.flags]].float() / 255
    layers = torch.cat([layers, torch.zeros(1, 4, 64, 64)])  # none
    _store(model, "objects", emoji.coefficients(emoji_rows(layers)))
    photographs = scenes.coefficients(encode(pictures.pixels[pictures.scenes, :3].float() / 255).flatten(1))
    _store(model, "scenes", torch.cat([photographs, torch.zeros(1, SCENES)]))
    with torch.no_grad():
        codes = torch.from_numpy(pictures.codes)
        model.recall.objects.choices.copy_(torch.cat([codes[[*pictures.objects, *pictures.flags]], torch.zeros(1, 8)]))
        model.recall.scenes.choices.copy_(torch.cat([codes[pictures.scenes], torch.zeros(1, 8)]))
    return scenes


def _store(model: TextToImage, name: str, values: Tensor) -> None:
    """In 8 bits, each component with a scale."""
    steps = values.abs().amax(0).clamp(min=1e-9) / 127
    getattr(model.recall, f"{name}_values").copy_((values / steps).round().to(torch.int8))
    getattr(model.recall, f"{name}_scale").copy_(steps)
