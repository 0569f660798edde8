"""Network bending: a layer's features are changed on their way (after Broad, Leymarie and Grierson, 2021)."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def bent(x: Tensor, kind: str, amount: float, share: float = 1.0) -> Tensor:
    """Features [N, C, H, W] of which the first ``share`` are bent; an amount of 0 leaves all as they are.

    ``scale`` by 1 + amount; ``rotate`` by amount quarter turns, clockwise; ``threshold`` leaves out what is nearer to 0
    than amount deviations, below 0 what is further; ``shift`` to the right by amount widths, coming in again at the
    left.
    """
    count = round(share * x.shape[1])
    if amount == 0 or count == 0 or kind == "none":
        return x
    some, rest = x[:, :count], x[:, count:]
    if kind == "scale":
        some = some * (1 + amount)
    elif kind == "rotate":
        some = _rotated(some, amount * math.pi / 2)
    elif kind == "threshold":
        far = some.abs() >= abs(amount) * some.float().std()
        some = some * (far if amount > 0 else ~far)
    elif kind == "shift":
        some = some.roll(round(amount * x.shape[3]), 3)
    else:
        raise ValueError(f"bend must be scale, rotate, threshold or shift, got {kind!r}")
    return torch.cat([some, rest], 1)


def _rotated(x: Tensor, angle: float) -> Tensor:
    cosine, sine = math.cos(angle), math.sin(angle)
    around = torch.tensor([[[cosine, sine, 0.0], [-sine, cosine, 0.0]]], device=x.device).expand(len(x), -1, -1)
    grid = functional.affine_grid(around, list(x.shape), align_corners=False)
    turned = functional.grid_sample(x.float(), grid, padding_mode="reflection", align_corners=False)
    return turned.to(x.dtype)
