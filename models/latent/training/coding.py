"""``models.latent.space`` in torch, for batches."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from models.latent import space

_ENCODING, _GREY = torch.from_numpy(space.encoding()), torch.from_numpy(space.grey())
_DECODING = torch.from_numpy(space.decoding())


def encode(pictures: Tensor) -> Tensor:
    """Latents [B, CHANNELS, h/4, w/4] of pictures [B, 3, h, w] in 0..1 that are averaged to a quarter already."""
    return functional.conv2d(pictures, _ENCODING.to(pictures), stride=4) - _GREY.to(pictures)[:, None, None]


def decode_plain(latents: Tensor) -> Tensor:
    """Pictures [B, 3, 4h, 4w] of latents [B, CHANNELS, h, w], without a decoder: soft, and not held to 0..1."""
    return functional.conv_transpose2d(latents + _GREY.to(latents)[:, None, None], _DECODING.to(latents), stride=4)
