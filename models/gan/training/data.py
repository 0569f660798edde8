"""What the GAN learns from: a folder of pictures, or the frames of footage, as latents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.latent import space

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
FOOTAGE = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpg")
FEWEST, MOST = 8, 6000
"""Pictures; of longer footage every so manieth frame is taken."""


def load(source: Path) -> tuple[Tensor, bool]:
    """Latents [N, 24, 16, 16], and whether they are the frames of footage, in order.

    Raises ValueError, in words, where there are too few, and OSError for what cannot be read.
    """
    moving = source.is_file()
    pictures = _frames(source) if moving else pictures_of(source)
    latents = [space.encode(picture) for picture in pictures]
    if len(latents) < FEWEST:
        what = "frames" if moving else f"pictures ({', '.join(PICTURES)})"
        raise ValueError(f"{source} has {len(latents)} {what} that can be read; it takes {FEWEST}")
    return torch.from_numpy(np.stack(latents)), moving


def pictures_of(folder: Path) -> Iterator[NDArray[np.uint8]]:
    """Every picture in the folder and those below it, RGB of any size; what cannot be read is told and left out."""
    from PIL import Image, UnidentifiedImageError

    if not folder.is_dir():
        raise FileNotFoundError(f"{folder} is neither a folder of pictures nor a film")
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)[:MOST]:
        try:
            with Image.open(path) as image:
                image.draft("RGB", (512, 512))
                yield np.asarray(image.convert("RGB"))
        except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
            print(f"left out {path.name}: {error}", flush=True)


def _frames(film: Path) -> Iterator[NDArray[np.uint8]]:
    import av

    try:
        with av.open(str(film)) as container:
            if not container.streams.video:
                raise ValueError(f"{film.name} has no pictures")
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            every = max(1, -(-stream.frames // MOST))
            for number, frame in enumerate(container.decode(stream)):
                if number % every == 0 and number // every < MOST:
                    yield frame.to_ndarray(format="rgb24")
    except av.error.FFmpegError as error:
        raise ValueError(f"{film.name} cannot be read: {error}") from error
