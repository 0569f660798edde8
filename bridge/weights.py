"""The files that the declared models need, as a person asks about them: size, hash, card, licence."""

import hashlib
import re
from pathlib import Path

import msgspec

import models
from models.contract import Model

FOLDER = Path(models.__file__).parent / "weights"


class WeightFile(msgspec.Struct, frozen=True):
    """One file under ``models/weights``."""

    name: str
    """As the declaration has it."""

    @property
    def path(self) -> Path:
        """Where it is, or would be."""
        return FOLDER / self.name

    def sha256(self) -> str:
        """Its hash, in hexadecimal. Raises OSError."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def files(model: type[Model]) -> tuple[WeightFile, ...]:
    """What a model needs."""
    return tuple(WeightFile(name) for name in model.weights)


def cards(model: type[Model]) -> tuple[Path, ...]:
    """The model cards beside the weights: of the name of a file, or of the folder that it lies in."""
    named = {path for file in files(model) for path in (file.path, file.path.parent) if path != FOLDER}
    return tuple(sorted(card for path in named if (card := path.with_suffix(".md")).is_file()))


def licence(card: Path) -> str:
    """The licence that a card states in a line ``licence: …`` or ``license: …``; empty where it states none."""
    found = re.search(r"^\W*licen[cs]e\W*:\W*(.+?)\W*$", card.read_text("utf-8"), re.MULTILINE | re.IGNORECASE)
    return found.group(1) if found else ""
