"""Contact sheets for the documentation: ``python -m models.latent.training.contact NAME OUT.jpg``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.contract import FrameModel, Moment, Value
from models.gan.declaration import Gan
from models.text_to_image.declaration import TextToImage

SIDE, LINE = 128, 14
BENDS = (
    ("scale", 1, 0.8), ("scale", 4, -0.8), ("rotate", 1, 1.0), ("rotate", 3, 0.5), ("threshold", 2, 1.0),
    ("threshold", 4, 1.0), ("shift", 3, 0.25),
)  # fmt: skip
PROMPTS = (
    "octopus", "red heart", "rocket on orange", "grinning face", "pizza", "sunflower", "octopus in a red nebula",
    "guitar in the mountains", "whale at the sea", "robot in a canyon", "ghost in a dark forest", "piano on black",
    "flag of Brazil", "mountain snow", "sunset beach", "green forest", "desert dune", "galaxy", "red nebula", "city",
    "kittens", "zebrafish", "automobile", "love", "music", "blue octopus", "cat and dog", "a poem about time",
)  # fmt: skip
"""Good ones first, then what it does with words that it does not know or that mean several things."""


def sheet(frames: Sequence[NDArray[np.uint8]], labels: Sequence[str], columns: int) -> Image.Image:
    """Frames with a line of text below each."""
    rows = -(-len(frames) // columns)
    out = Image.new("RGB", (columns * SIDE, rows * (SIDE + LINE)), (16, 16, 16))
    draw = ImageDraw.Draw(out)
    for i, (frame, label) in enumerate(zip(frames, labels, strict=True)):
        x, y = i % columns * SIDE, i // columns * (SIDE + LINE)
        out.paste(Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.LANCZOS), (x, y))
        draw.text((x + 2, y + SIDE + 1), label[:22], fill=(220, 220, 220))
    return out


def painted(model: type[FrameModel], settings: Sequence[Mapping[str, Value]]) -> list[NDArray[np.uint8]]:
    """A frame for each of the settings, everything else as it is by itself, but still."""
    painter = model.load(256, 256)
    still = {"morph": 0.0, "dance": 0.0}
    base = {name: still.get(name, param.default) for name, param in model.params().items()}
    return [painter.render(Moment(0.0, 0.5, 120.0, 4, ()), base | setting) for setting in settings]


def main() -> None:
    name, out = sys.argv[1], Path(sys.argv[2])
    if name == "text_to_image":
        pictures = sheet(painted(TextToImage, [{"prompt": prompt, "seed": 4} for prompt in PROMPTS]), PROMPTS, 7)
    else:
        seeds = [{"path": "circle", "seed": seed} for seed in range(14)]
        truncations = [{"path": "circle", "seed": 3, "truncation": t / 4} for t in range(7)]
        mixes = [{"path": "circle", "seed": 3, "mix_from": layer} for layer in range(7)]
        labels = [*(f"seed {s['seed']}" for s in seeds), *(f"truncation {t['truncation']}" for t in truncations)]
        labels += [f"mixed from layer {m['mix_from']}" for m in mixes]
        bends = [
            {"path": "circle", "seed": 3, "bend": kind, "bend_layer": layer, "bend_amount": amount}
            for kind, layer, amount in BENDS
        ]
        labels += [f"{kind} {amount:g} in layer {layer}" for kind, layer, amount in BENDS]
        pictures = sheet(painted(Gan, [*seeds, *truncations, *mixes, *bends]), labels, 7)
    pictures.save(out, quality=82)


if __name__ == "__main__":
    main()
