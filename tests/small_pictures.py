"""A handful of drawn pictures in the form that the trainings read (models.latent.training.sources)."""

import json
from pathlib import Path

import numpy as np

NAMES = {
    "red disc": ("round", "shape"), "blue square": ("shape",), "green stripe": ("line",),
    "beach": ("beach", "coast"), "forest": ("forest", "trees"), "nebula": ("nebula", "space"), "flag of Nowhere": (),
}  # fmt: skip
KINDS = ("emoji", "emoji", "emoji", "land", "land", "nebula", "flag")


def write(folder: Path) -> Path:
    """Write pictures.npy and pictures.json; the folder."""
    y, x = np.mgrid[0:256, 0:256] / 255
    pixels = np.zeros((len(NAMES), 256, 256, 4), np.uint8)
    pixels[0][np.hypot(y - 0.5, x - 0.5) < 0.4] = (220, 30, 30, 255)
    pixels[1, 50:200, 50:200] = (30, 40, 220, 255)
    pixels[2, 100:150] = (20, 200, 60, 255)
    for i, tint in ((3, (230, 200, 150)), (4, (30, 120, 40)), (5, (90, 20, 80))):
        pixels[i, ..., :3] = (np.array(tint) * (0.4 + 0.6 * y[..., None])).astype(np.uint8)
        pixels[i, ..., 3] = 255
    pixels[6, 60:200, 30:230] = (250, 250, 250, 255)
    np.save(folder / "pictures.npy", pixels)
    table = [
        {"name": name, "words": words, "kind": kind, "terms": "ours", "file": ""}
        for (name, words), kind in zip(NAMES.items(), KINDS, strict=True)
    ]
    (folder / "pictures.json").write_text(json.dumps(table))
    return folder
