"""How good a generator is, by figures and by eye; needs VGG16's weights besides (``models.texture_ca.training.vgg16``).

    python -m models.gan.training.judge PICTURES GENERATOR vgg16.npz OUT.jpg

prints the kernel inception distance (``models.latent.training.metrics``) of what the painter paints to some of the
pictures, and of others of them through the decoder, which is what can be reached in this latent space at all. OUT shows
generated pictures, and below each the picture that is nearest to it in the features of EfficientNet-Lite0, so that
copying would show.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional

from models.contract import Moment
from models.gan.declaration import Gan
from models.latent import space
from models.latent.decoder import Decoder
from models.latent.training.metrics import features, kernel_distance

from .data import pictures_of
from .features import Features, installed

COUNT, SHOWN, SIDE = 200, 16, 128


def painted(folder: str, count: int) -> list[NDArray[np.uint8]]:
    """Frames of so many seeds, 256×256, each where its circle begins: there z is drawn as in training."""
    painter = Gan.load(256, 256, {"folder": folder})
    params = {name: param.default for name, param in Gan.params().items()} | {"path": "circle", "glow": 0.0}
    return [painter.render(Moment(0.0, 0.0, 120.0, 4, ()), params | {"seed": seed}) for seed in range(1, count + 1)]


def looks(pictures: list[NDArray[np.uint8]], network: Features) -> NDArray[np.float32]:
    """[N, 320] of length 1: EfficientNet-Lite0's last features of pictures of 256×256 at half their size, averaged."""
    rows = []
    with torch.no_grad():
        for picture in pictures:
            shown = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255
            rows.append(functional.normalize(network(functional.avg_pool2d(shown, 2))[-1].mean((2, 3)))[0].numpy())
    return np.stack(rows)


def main() -> None:
    source, folder, vgg, out = sys.argv[1:]
    torch.set_num_threads(1)
    pictures = [np.asarray(Image.fromarray(picture).resize((256, 256))) for picture in pictures_of(Path(source))]
    order = np.random.default_rng(0).permutation(len(pictures))
    one, other = ([pictures[i] for i in part] for part in (order[:COUNT], order[COUNT : 2 * COUNT]))
    decoder, made = Decoder(256, 256), painted(folder, COUNT)
    again = [decoder.frame(space.encode(picture)[None]) for picture in other]
    of_made, of_again, of_one = (features(these, Path(vgg)) for these in (made, again, one))
    print(f"generated to pictures {kernel_distance(of_made, of_one):.3f}")
    print(f"other pictures, decoded, to pictures {kernel_distance(of_again, of_one):.3f}")
    network = Features(installed())
    alike = looks(made[:SHOWN], network) @ looks(pictures, network).T
    sheet = Image.new("RGB", (SHOWN // 2 * SIDE, 4 * SIDE))
    for i in range(SHOWN):
        x, y = i % (SHOWN // 2) * SIDE, i // (SHOWN // 2) * 2 * SIDE
        for row, picture in enumerate((made[i], pictures[int(alike[i].argmax())])):
            sheet.paste(Image.fromarray(picture).resize((SIDE, SIDE)), (x, y + row * SIDE))
    sheet.save(out, quality=82)


if __name__ == "__main__":
    main()
