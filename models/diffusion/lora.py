"""Low-rank weights (LoRA), such as LCM's, added to a pipeline's own once, at load: they cost nothing afterwards.

W + scale · (alpha / rank) · up · down (arXiv 2106.09685). Both namings that are about are read: kohya's
(``lora_unet_down_blocks_0_….lora_down.weight``) and diffusers' (``unet.down_blocks.0.….lora_A.weight``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

PARTS = {"lora_unet": "unet", "lora_te": "text_encoder", "lora_te1": "text_encoder", "lora_te2": "text_encoder_2"}
ENDINGS = {
    ".lora_down.weight": "down", ".lora_up.weight": "up", ".alpha": "alpha",
    ".lora_A.weight": "down", ".lora_B.weight": "up", ".lora.down.weight": "down", ".lora.up.weight": "up",
}  # fmt: skip


@torch.no_grad()
def add(pipeline: Any, path: Path, scale: float = 1.0) -> int:
    """Add a file's weights; return to how many layers. Raises ValueError for what does not fit, OSError."""
    found = _grouped(load_file(path))
    layers = _layers(pipeline)
    strange = sorted(name for name in found if name not in layers)
    if strange or not found:
        raise ValueError(f"{path}: {len(strange)} of {len(found)} layers are not in this checkpoint: {strange[:1]}")
    for name, parts in found.items():
        if "down" not in parts or "up" not in parts:
            raise ValueError(f"{path}: {name} must have both of its halves, got {', '.join(sorted(parts))}")
        _add(layers[name], parts, scale, f"{path}: {name}")
    return len(found)


def _grouped(state: dict[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """By layer, the tensors called down, up and alpha."""
    found: dict[str, dict[str, Tensor]] = {}
    for key, value in state.items():
        for ending, part in ENDINGS.items():
            if key.endswith(ending):
                found.setdefault(key.removesuffix(ending), {})[part] = value
    return found


def _layers(pipeline: Any) -> dict[str, Any]:
    """Every layer that can be added to, under each of its names in such files."""
    found = {}
    for prefix, part in PARTS.items():
        network = getattr(pipeline, part, None)
        if network is None:
            continue
        for name, layer in network.named_modules():
            if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
                for told in (name, name.removeprefix("text_model."), f"text_model.{name}"):
                    found[f"{prefix}_{told.replace('.', '_')}"] = layer
                    found[f"{part}.{told}"] = layer
    return found


def _add(layer: Any, parts: dict[str, Tensor], scale: float, where: str) -> None:
    down, up = parts["down"].float(), parts["up"].float()
    rank = down.shape[0]
    share = scale * (float(parts["alpha"]) / rank if "alpha" in parts else 1.0)
    if up.ndim == 4 and tuple(up.shape[2:]) != (1, 1):
        raise ValueError(f"{where}: its second half must be a matrix, got {list(up.shape)}")
    if up.numel() != up.shape[0] * rank:
        raise ValueError(f"{where}: its halves must have one rank, got {list(down.shape)} and {list(up.shape)}")
    change = (up.reshape(up.shape[0], rank) @ down.reshape(rank, -1)).to(layer.weight.device)
    if change.numel() != layer.weight.numel() or change.shape[0] != layer.weight.shape[0]:
        raise ValueError(f"{where}: must fit {list(layer.weight.shape)}, got {list(change.shape)}")
    layer.weight += (share * change).reshape(layer.weight.shape).to(layer.weight.dtype)
