"""The style network in torch: all frozen but the style."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.style.network import LAYERS, STYLE_SIZE
from models.style.training.graph import EPSILON, STRIDES


class StyleNetwork(nn.Module):
    """Pictures [B, 3, H, W] in 0–1, sides multiples of 4, to pictures in the style [990] or styles [B, 990]."""

    def __init__(self, convolutions: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, weight in convolutions.items():
            self.register_buffer(name.replace(".", "_"), weight)

    def forward(self, pictures: Tensor, style: Tensor) -> Tensor:
        styles = style.expand(len(pictures), STYLE_SIZE)
        now = before = pictures
        at = 0
        for name, (_, out, width) in LAYERS.items():
            if name.startswith("expand") and width == 3:
                now = functional.interpolate(now, scale_factor=2.0, mode="nearest")
            if name.startswith("res") and name.endswith(".0"):
                before = now
            margin = width // 2
            padded = functional.pad(now, (margin,) * 4, mode="reflect")
            seen = functional.conv2d(padded, getattr(self, name.replace(".", "_")), stride=STRIDES.get(name, 1))
            scale, shift = styles[:, at : at + out, None, None], styles[:, at + out : at + 2 * out, None, None]
            at += 2 * out
            normal = scale * functional.instance_norm(seen, eps=EPSILON) + shift
            if name.startswith("res") and name.endswith(".1"):
                now = before + normal
            else:
                now = torch.sigmoid(normal) if name == "expand.2" else functional.relu(normal)
        return now
