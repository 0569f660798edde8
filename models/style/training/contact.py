"""Draw every style: ``python -m models.style.training.contact docs/pictures/styles.jpg``.

The picture as it came, a living texture, and then that texture in each of the styles, by number.
"""

import sys

import numpy as np
from PIL import Image, ImageDraw

from models.contract import Moment
from models.style.implementation import StylePainter
from models.texture_ca.declaration import TextureCa
from models.texture_ca.implementation import TextureCaPainter

SIZE, TILE, COLUMNS, GROWN = 256, 120, 9, 40


def main(out: str) -> None:
    params = {name: param.default for name, param in TextureCa.params().items()} | {"zoom": 2.5, "texture": "coral"}
    texture = TextureCaPainter(SIZE, SIZE)
    for frame in range(GROWN):
        picture = texture.render(Moment(frame / 30, frame / 15, 120.0, 4, ()), params)
    painter = StylePainter(SIZE, SIZE)
    tiles = [picture, *(painter.repaint(picture, style) for style in painter.styles)]
    sheet = Image.new("RGB", (COLUMNS * TILE, -(-len(tiles) // COLUMNS) * TILE))
    brush = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        at = number % COLUMNS * TILE, number // COLUMNS * TILE
        sheet.paste(Image.fromarray(np.asarray(tile)).resize((TILE, TILE), Image.Resampling.LANCZOS), at)
        if number:
            brush.text((at[0] + 4, at[1] + 2), str(number), fill="white", stroke_width=2, stroke_fill="black")
    sheet.save(out, quality=75, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
