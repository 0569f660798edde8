"""Draw the model card's contact sheet: ``python -m models.texture_ca.training.contact docs/pictures/texture_ca.jpg``.

A row for each texture: grown for two seconds, then while a call sounds (twice), an answer (twice), and healed;
the last row blends the first and the last, a fifth more in each picture.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from models.contract import Moment, Sounding
from models.texture_ca.declaration import TEXTURES, TextureCa

FPS, TEMPO, SIZE, TILE = 30, 120.0, 256, 106
# start in seconds, pitch, velocity, voice, length in seconds
NOTES = (
    (2.0, 50, 100, "call", 0.4), (2.4, 60, 110, "call", 0.4), (2.8, 72, 120, "call", 0.4),
    (3.6, 62, 100, "answer", 0.4), (4.0, 79, 120, "answer", 0.6),
)  # fmt: skip
SHOWN = (1.9, 2.5, 2.9, 3.7, 4.2, 6.0)
BLENDS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def row(texture: str) -> list[np.ndarray]:
    params = {name: param.default for name, param in TextureCa.params().items()} | {"texture": texture}
    painter, shown = TextureCa.load(SIZE, SIZE), []
    for i in range(round(SHOWN[-1] * FPS) + 1):
        now = i / FPS
        notes = tuple(
            Sounding(pitch, velocity, voice, now - start, now < start + length)
            for start, pitch, velocity, voice, length in NOTES
            if start <= now < start + length + 0.3
        )
        frame = painter.render(Moment(now, now * TEMPO / 60, TEMPO, 4, notes), params)
        if any(i == round(second * FPS) for second in SHOWN):
            shown.append(frame)
    return shown


def blends() -> list[np.ndarray]:
    params = {name: param.default for name, param in TextureCa.params().items()}
    params |= {"texture": TEXTURES[0], "second_texture": TEXTURES[-1]}
    painter, shown, now = TextureCa.load(SIZE, SIZE), [], 0.0
    for blend in BLENDS:
        for _ in range(FPS):
            now += 1 / FPS
            frame = painter.render(Moment(now, now * TEMPO / 60, TEMPO, 4, ()), params | {"blend": blend})
        shown.append(frame)
    return shown


def main() -> None:
    rows = [*(row(texture) for texture in TEXTURES), blends()]
    sheet = Image.fromarray(np.concatenate([np.concatenate(frames, 1) for frames in rows], 0))
    sheet = sheet.resize((TILE * len(SHOWN), TILE * len(rows)), Image.Resampling.LANCZOS)
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    sheet.save(sys.argv[1], quality=70, optimize=True)


if __name__ == "__main__":
    main()
