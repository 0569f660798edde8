"""How far pictures are from the target's texture: sliced Wasserstein distance of VGG features.

Heitz et al., "A Sliced Wasserstein Loss for Neural Texture Synthesis" (CVPR 2021): project the features of all places
onto random directions, sort, compare. Unlike Gram matrices it compares whole distributions, which keeps colours
saturated. Taken at two scales, so that the arrangement of motifs counts besides their grain.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from .perceptual import Vgg

# At full size and at half: the deep layers, dear to compute, look at the half only.
LAYERS = (("1_1", "1_2", "2_1", "2_2"), ("1_1", "1_2", "2_1", "2_2", "3_1", "3_2", "3_3"))
DIRECTIONS = 16
PLACES = 1024  # sorted at most, drawn at random


class TextureLoss:
    """Call with pictures [B, 3, S, S], about 0–1: their distances [B] from the target's texture."""

    def __init__(self, vgg: Path, target: Tensor, generator: torch.Generator) -> None:
        self.vgg = Vgg(vgg, LAYERS[-1][-1])
        self.generator = generator
        self.targets: list[dict[str, Tensor]] = []
        with torch.no_grad():
            for level in range(len(LAYERS)):
                features = self._features(target, level)
                self.targets.append({name: f[0].flatten(1) for name, f in features.items()})
            self.scales = [{n: f.std() for n, f in features.items()} for features in self.targets]

    def __call__(self, rgb: Tensor) -> Tensor:
        total = torch.zeros(len(rgb))
        for level, (targets, scales) in enumerate(zip(self.targets, self.scales, strict=True)):
            features = self._features(rgb, level)
            for name, feature in features.items():
                distance = self._distance(feature.flatten(2) / scales[name], targets[name] / scales[name])
                total = total + distance / (len(features) * len(self.targets))
        return total

    def _features(self, rgb: Tensor, level: int) -> dict[str, Tensor]:
        scaled = functional.avg_pool2d(rgb, 2**level) if level else rgb
        return {"rgb": scaled} | self.vgg(scaled, LAYERS[level])

    def _distance(self, ours: Tensor, theirs: Tensor) -> Tensor:
        """Squared Wasserstein distance [B] of [B, C, N] from [C, M], over random directions and places."""
        channels = ours.shape[1]
        directions = torch.randn(DIRECTIONS, channels, generator=self.generator)
        directions = directions / directions.norm(dim=1, keepdim=True)
        count = min(ours.shape[2], theirs.shape[1], PLACES)
        if ours.shape[2] > count:
            ours = ours[:, :, torch.randperm(ours.shape[2], generator=self.generator)[:count]]
        theirs = theirs[:, torch.randint(theirs.shape[1], (count,), generator=self.generator)]
        a = torch.einsum("dc,bcn->bdn", directions, ours).sort(-1).values
        b = (directions @ theirs).sort(-1).values
        return (a - b).square().mean((1, 2))
