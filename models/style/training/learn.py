"""A new style from one picture: the network stays as it is, and only the 990 numbers of a style are learnt.

Losses of Gatys et al. (CVPR 2016) as in Dumoulin et al. (ICLR 2017): Gram matrices of VGG16's layers for the style, one
deep layer for what is to be seen. It starts from that of the network's own styles which is nearest.
"""

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from safetensors.numpy import save_file
from torch import Tensor

from models.style.network import Network
from models.style.training import content
from models.style.training.network import StyleNetwork
from models.texture_ca.training.perceptual import Vgg

STYLE_LAYERS = ("1_1", "2_1", "3_3", "4_1")
CONTENT_LAYER = "3_3"
CONTENT_WEIGHT = 0.35
SMOOTHNESS = 2.0
PATCH, BATCH = 128, 1
RATE = 0.02
CHECKPOINT_EVERY_S = 60.0
FAINT = 1e-6
"""What a layer that sees nothing at all is taken to see, lest anything be divided by nothing."""
SMALLEST = 64
"""Pixels of the shorter side of a picture."""
PRACTICE = 48
"""Pictures to practise on."""


class StyleLoss:
    """How far pictures are from a style, and how far from what they show."""

    def __init__(self, vgg: Mapping[str, np.ndarray], style: Tensor) -> None:
        """``style`` is the picture, [1, 3, H, W] in 0–1."""
        self.vgg = Vgg(vgg, STYLE_LAYERS[-1])
        with torch.no_grad():
            self._grams = {name: _gram(f) for name, f in self.vgg(style, STYLE_LAYERS).items()}

    def __call__(self, painted: Tensor, shown: Tensor) -> tuple[Tensor, Tensor]:
        """Style and content losses, [B] each, of pictures [B, 3, H, W] painted from others."""
        features = self.vgg(painted, STYLE_LAYERS)
        with torch.no_grad():
            wanted = self.vgg(shown, (CONTENT_LAYER,))[CONTENT_LAYER]
        style = torch.stack(
            [
                (_gram(features[name]) - gram).square().sum((1, 2)) / gram.square().sum((1, 2)).clamp(min=FAINT)
                for name, gram in self._grams.items()
            ]
        ).mean(0)
        seen = features[CONTENT_LAYER]
        return style, (seen - wanted).square().mean((1, 2, 3)) / wanted.square().mean((1, 2, 3)).clamp(min=FAINT)


def learn(
    picture: NDArray[np.uint8],
    out: Path,
    vgg: Mapping[str, np.ndarray],
    *,
    seconds: float = 300.0,
    practice: NDArray[np.uint8] | None = None,
    report: Callable[[str], None] = lambda line: None,
    seed: int = 0,
    tell: Callable[[float, Mapping[str, float]], None] = lambda progress, figures: None,
) -> None:
    """Learn a picture's style for so long and write it to ``out`` (.safetensors), every minute and at the end.

    ``picture`` is RGB [h, w, 3]; ``practice`` [n, 256, 256, 3] are pictures to practise on, or None for drawn ones. A
    sheet of what the style does is written beside ``out``. ``tell`` is told how far it is, 0 to 1. Raises OSError.
    """
    generator = torch.Generator().manual_seed(seed)
    network = Network()
    styler = StyleNetwork({name: torch.from_numpy(value) for name, value in network.convolutions.items()})
    shown = _tensor(content.pictures(PRACTICE, seed) if practice is None else practice)
    loss_of = StyleLoss(vgg, _tensor(_sized(picture)[None]))
    nearest = _nearest(styler, torch.from_numpy(network.styles), loss_of, shown[:BATCH, :, :PATCH, :PATCH])
    report(f"starts from style {nearest + 1} of the network's own")
    numbers = torch.nn.Parameter(torch.from_numpy(network.styles[nearest].copy()))
    optimiser = torch.optim.Adam([numbers], lr=RATE)
    began = saved = told = time.monotonic()
    rounds, running = 0, 0.0
    with contextlib.suppress(KeyboardInterrupt):  # what was learnt so far counts
        while (elapsed := time.monotonic() - began) < seconds or rounds == 0:
            for group in optimiser.param_groups:
                group["lr"] = RATE * (1 - 0.9 * min(1.0, elapsed / seconds))
            painted_from = _patches(shown, generator)
            painted = styler(painted_from, numbers)
            loss_style, loss_content = loss_of(painted, painted_from)
            rough = (painted[..., 1:] - painted[..., :-1]).square().mean() + (
                painted[..., 1:, :] - painted[..., :-1, :]
            ).square().mean()
            loss = (loss_style + CONTENT_WEIGHT * loss_content).mean() + SMOOTHNESS * rough
            optimiser.zero_grad()
            loss.backward()
            assert numbers.grad is not None
            if numbers.grad.isfinite().all():  # a flat patch may have no direction to learn in
                optimiser.step()
            rounds += 1
            if loss.isfinite():
                running = loss.item() if rounds == 1 else 0.9 * running + 0.1 * loss.item()
            if time.monotonic() - told > 10:
                told = time.monotonic()
                tell(elapsed / seconds, {"round": rounds, "loss": round(running, 3)})
                report(f"{elapsed / seconds:4.0%}  round {rounds}  loss {running:.3f}")
            if time.monotonic() - saved > CHECKPOINT_EVERY_S:
                saved = time.monotonic()
                _save(numbers, out, rounds)
    _save(numbers, out, rounds)
    with torch.no_grad():
        sheet = torch.cat([torch.cat([p, styler(p[None], numbers)[0]], 1) for p in shown[:4]], 2).clamp(0, 1)
    Image.fromarray((255 * sheet.permute(1, 2, 0)).byte().numpy()).save(out.with_suffix(".png"))
    report(f"{out}: after {rounds} rounds, loss {running:.3f}; {out.with_suffix('.png')} shows what it does")


def read(path: Path) -> NDArray[np.uint8]:
    """A picture, RGB [h, w, 3], turned as its camera says, transparent parts white. Raises OSError or ValueError."""
    try:
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image).convert("RGBA")
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is no picture that can be read: {error}") from error
    ground = Image.new("RGBA", turned.size, "white")
    picture = np.asarray(Image.alpha_composite(ground, turned).convert("RGB"))
    if min(picture.shape[:2]) < SMALLEST:
        raise ValueError(f"a picture's sides must be at least {SMALLEST} pixels, {path} has {turned.size}")
    return picture


def read_folder(folder: Path, most: int) -> NDArray[np.uint8]:
    """The middles of a folder's pictures, [n, 256, 256, 3]; others are left out. Raises ValueError or OSError."""
    found = []
    for path in sorted(folder.iterdir()):
        if len(found) == most:
            break
        with contextlib.suppress(ValueError, OSError):
            picture = _sized(read(path))
            top, left = ((side - content.SIZE) // 2 for side in picture.shape[:2])
            found.append(picture[top : top + content.SIZE, left : left + content.SIZE])
    if not found:
        raise ValueError(f"a folder to practise on must hold pictures, {folder} holds none that can be read")
    return np.stack(found)


def _save(numbers: Tensor, out: Path, rounds: int) -> None:
    partial = out.with_suffix(".part")
    save_file({"style": numbers.detach().numpy()}, partial, {"rounds": str(rounds)})
    partial.replace(out)


def _nearest(styler: StyleNetwork, styles: Tensor, loss_of: StyleLoss, pictures: Tensor) -> int:
    """Which of the styles is nearest."""
    with torch.no_grad():
        losses = [float(loss_of(styler(pictures, style), pictures)[0].mean()) for style in styles]
    return int(np.argmin(losses))


def _patches(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Random crops [BATCH, 3, PATCH, PATCH]."""
    chosen = torch.randint(len(pictures), (BATCH,), generator=generator)
    crops = []
    for index in chosen:
        y, x = torch.randint(pictures.shape[-1] - PATCH + 1, (2,), generator=generator).tolist()
        crops.append(pictures[index, :, y : y + PATCH, x : x + PATCH])
    return torch.stack(crops)


def _gram(features: Tensor) -> Tensor:
    flat = features.flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def _sized(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with its shorter side at 256 pixels."""
    height, width = picture.shape[:2]
    scale = content.SIZE / min(height, width)
    size = (max(content.SIZE, round(width * scale)), max(content.SIZE, round(height * scale)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def _tensor(pictures: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 255
