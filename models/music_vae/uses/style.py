"""How to play, as every use of the melody model is told."""

from collections.abc import Mapping
from typing import NamedTuple

from models.contract import Value
from models.music_vae import given
from models.music_vae.declaration import MusicVae
from models.music_vae.progression import Progression, parse


class Style(NamedTuple):
    """The model's parameters."""

    temperature: float
    variation: float
    seed: int
    chords: Progression


def style(params: Mapping[str, Value]) -> Style:
    """From parameters by name; one that is left out has its default. Raises ValueError, stating rule and value."""
    declared = MusicVae.params()
    return Style(
        given.number(declared, "temperature", params),
        given.number(declared, "variation", params),
        int(given.number(declared, "seed", params)),
        parse(given.text(declared, "chords", params)),
    )
