"""How good a generator is, by figures and by eye; needs VGG16's weights besides (``models.texture_ca.training.vgg16``).

    python -m models.gan.training.judge PICTURES GENERATOR vgg16.npz OUT.jpg

prints the kernel inception distance (``models.latent.training.metrics``) of what the painter paints to some of the
pictures, and of others of them through the decoder, which is what can be reached in this latent space at all. OUT shows
generated pictures, and below each the picture that is nearest to it in those features, so that copying would show.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.contract import Moment
from models.gan.declaration import Gan
from models.latent import space
from models.latent.decoder import Decoder
from models.latent.training.metrics import features, kernel_distance

from .data import _pictures

COUNT, SHOWN, SIDE = 400, 16, 128


def painted(folder: str, count: int) -> list[NDArray[np.uint8]]:
    """Frames of so many seeds, 256×256, each where its circle begins: there z is drawn as in training."""
    painter = Gan.load(256, 256, {"folder": folder})
    params = {name: param.default for name, param in Gan.params().items()} | {"path": "circle", "glow": 0.0}
    return [painter.render(Moment(0.0, 0.0, 120.0, 4, ()), params | {"seed": seed}) for seed in range(1, count + 1)]


def main() -> None:
    source, folder, vgg, out = sys.argv[1:]
    pictures = [np.asarray(Image.fromarray(p).resize((256, 256))) for p in _pictures(Path(source))]
    order = np.random.default_rng(0).permutation(len(pictures))
    one, other = ([pictures[i] for i in part] for part in (order[:COUNT], order[COUNT : 2 * COUNT]))
    decoder = Decoder(256, 256)
    again = [decoder.frame(space.encode(picture)[None]) for picture in other]
    made = painted(folder, COUNT)
    of_made, of_one, of_again = (features(these, Path(vgg)) for these in (made, one, again))
    print(f"generated to pictures {kernel_distance(of_made, of_one):.3f}")
    print(f"other pictures, decoded, to pictures {kernel_distance(of_again, of_one):.3f}")
    known = features(pictures, Path(vgg))
    sheet = Image.new("RGB", (SHOWN // 2 * SIDE, 4 * SIDE))
    apart = (of_made**2).sum(1)[:, None] + (known**2).sum(1) - 2 * of_made @ known.T
    for i in range(SHOWN):
        x, y = i % (SHOWN // 2) * SIDE, i // (SHOWN // 2) * 2 * SIDE
        for row, picture in enumerate((made[i], pictures[int(apart[i].argmin())])):
            sheet.paste(Image.fromarray(picture).resize((SIDE, SIDE)), (x, y + row * SIDE))
    sheet.save(out, quality=82)


if __name__ == "__main__":
    main()
