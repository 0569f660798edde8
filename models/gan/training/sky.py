"""The pictures that the shipped GAN learnt from: pieces of nebulae, galaxies and landscapes, of many scales.

    python -m models.gan.training.sky DATA OUT

reads the packages in DATA (``models.latent.training.sources`` says which, and under what terms each picture came) and
writes pieces of 256×256 as JPEG to OUT, for ``antiphon train gan --data OUT``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from models.latent.space import SIZE
from models.latent.training.sources import Picture, land, nebulae

PIECES = {"land": 5, "nebula": 10}
"""Of each picture, tried."""
SMALLEST = {"land": 0.75, "nebula": 0.4}
"""The side of a piece as a share of the picture's shorter side, at the least; of a nebula not below MINIMUM points."""
MINIMUM = 160
LEFT_OUT = re.compile(r"^(space|station|loc|nasa|city)")
"""Land pictures that show interiors, machines and houses."""
DARKEST, DULLEST = 0.10, 0.06
"""A nebula's piece must be as light on average, and its light differ as much (deviation), of full scale."""


def pieces(picture: Picture, random: np.random.Generator) -> Iterator[Image.Image]:
    """Pieces of one picture, wherever and as large as chance has it; of nebulae those with something to see."""
    with Image.open(picture.path) as image:
        whole = image.convert("RGBA").convert("RGB")  # some are palettes with opacity
    short = min(whole.size)
    if short < MINIMUM:
        return
    for _ in range(PIECES[picture.kind]):
        side = round(short * random.uniform(max(SMALLEST[picture.kind], MINIMUM / short), 1.0))
        x, y = (int(random.integers(0, length - side + 1)) for length in whole.size)
        piece = whole.crop((x, y, x + side, y + side)).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
        light = np.asarray(piece.resize((16, 16), Image.Resampling.BOX).convert("L"), np.float32) / 255
        if picture.kind == "land" or (light.mean() > DARKEST and light.std() > DULLEST):
            yield piece


def main() -> None:
    data, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    for picture in [*land(data), *nebulae(data)]:
        if picture.kind == "land" and LEFT_OUT.match(picture.path.name):
            continue
        for number, piece in enumerate(pieces(picture, random)):
            piece.save(out / f"{picture.kind}-{picture.path.stem}-{number}.jpg", quality=92)
    for kind in PIECES:
        print(kind, sum(1 for _ in out.glob(f"{kind}-*.jpg")))


if __name__ == "__main__":
    main()
