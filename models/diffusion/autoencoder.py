"""Between pictures and latents, on the device."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.diffusion.graphs import Graphs, Network


class Autoencoder:
    """Either kind that diffusers has; pictures of any size, in latents of the next whole number of cells."""

    def __init__(self, vae: Any, factor: int, width: int, height: int) -> None:
        """``factor`` is how many pixels a latent's cell is wide."""
        self._vae, self._width, self._height = vae, width, height
        self.columns, self.rows = -(-width // factor), -(-height // factor)
        self._padded = (self.rows * factor, self.columns * factor)
        self._scale = float(vae.config.scaling_factor)
        self._encode: Network = self._latent_of
        self._decode: Network = lambda latent: vae.decode(latent, return_dict=False)[0]
        if vae.device.type == "cuda":
            self._encode, self._decode = Graphs(self._encode), Graphs(self._decode)

    @property
    def channels(self) -> int:
        """Of a latent."""
        return int(self._vae.config.latent_channels)

    def picture(self, pixels: NDArray[np.uint8]) -> Tensor:
        """uint8 RGB [h, w, 3] of any size as a picture, float [1, 3, height, width] in −1..1 on the device."""
        picture = torch.from_numpy(np.ascontiguousarray(pixels)).to(self._vae.device)
        picture = picture.permute(2, 0, 1)[None].to(torch.float32) / 127.5 - 1
        if picture.shape[2:] != (self._height, self._width):
            size = (self._height, self._width)
            picture = functional.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)
        return picture

    @torch.inference_mode()
    def encode(self, picture: Tensor) -> Tensor:
        """A picture's latent, float32 [1, channels, rows, columns]: of a distribution, its mean."""
        below, right = self._padded[0] - self._height, self._padded[1] - self._width
        padded = functional.pad(picture, (0, right, 0, below), mode="replicate")
        return self._encode(padded.to(self._vae.dtype)).float() * self._scale

    def _latent_of(self, picture: Tensor) -> Tensor:
        found = self._vae.encode(picture)
        latent: Tensor = found.latents if hasattr(found, "latents") else found.latent_dist.mode()
        return latent

    @torch.inference_mode()
    def decode(self, latent: Tensor) -> Tensor:
        """A latent's picture, float [1, 3, height, width] in −1..1."""
        latent = (latent / self._scale).to(self._vae.dtype)
        picture = self._decode(latent)
        return picture[..., : self._height, : self._width].float().clamp(-1, 1)

    @staticmethod
    def pixels(picture: Tensor) -> NDArray[np.uint8]:
        """A picture as uint8 RGB [height, width, 3] in main memory; waits for the device."""
        whole = (picture[0] * 127.5 + 127.5).round().to(torch.uint8).permute(1, 2, 0)
        return whole.contiguous().cpu().numpy()
