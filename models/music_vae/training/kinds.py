"""What can be trained: how songs become windows, how windows are varied, what sizes and settings go with them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from models.music_vae import melody
from models.music_vae.configs import find
from models.music_vae.encodings import groove_steps
from models.music_vae.training import data, drums
from models.music_vae.training.network import HParams
from models.music_vae.training.settings import Settings

Pair = tuple[Tensor, Tensor]


class Kind(Protocol):
    """One kind of music and the configuration that learns it."""

    @property
    def name(self) -> str: ...

    @property
    def config(self) -> str: ...

    @property
    def sizes(self) -> HParams:
        """The sizes that a training has unless others are asked for."""
        ...

    @property
    def settings(self) -> Settings: ...

    @property
    def reading(self) -> str:
        """What of a song its windows hold, in words; kinds that share it share what was read."""
        ...

    def song(self, path: Path) -> np.ndarray:
        """The windows of a file. Raises OSError or ValueError for one that cannot be read."""
        ...

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        """What each song is for; nothing leaves it to the songs' order."""
        ...

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        """The chance of each window to be seen in an epoch."""
        ...

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        """What the encoder reads of some windows and what the decoder is to write, varied."""
        ...

    def plain(self, windows: np.ndarray) -> Pair:
        """The same without any change."""
        ...


@dataclass(frozen=True)
class Melody:
    """Melodies of two bars, moved to other keys."""

    name: str = "melody"
    config: str = "cat-mel_2bar_small"
    sizes: HParams = field(default_factory=HParams)
    settings: Settings = field(default_factory=Settings)
    reading: str = "melody"

    def song(self, path: Path) -> np.ndarray:
        return data.melodies(path)

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        return ()

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        onsets = (windows >= melody.FIRST_NOTE).reshape(len(windows), 2, -1).any(2)
        return np.where(onsets.all(1), 1.0, settings.sparse_share)

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        pitched = np.where(windows >= melody.FIRST_NOTE, windows, 0)
        highest = pitched.max(1)
        lowest = np.where(pitched > 0, pitched, melody.CLASSES).min(1)
        by = rng.integers(-settings.transpose, settings.transpose + 1, len(windows))
        by = np.clip(by, melody.FIRST_NOTE - lowest, melody.CLASSES - 1 - highest)
        return self.plain(melody.transpose(windows, by))

    def plain(self, windows: np.ndarray) -> Pair:
        return (steps := classes(windows)), steps


@dataclass(frozen=True)
class Drums:
    """Sets of nine drums."""

    name: str = "drums"
    config: str = "cat-drums_2bar_small"
    sizes: HParams = field(default_factory=lambda: HParams(128, (192,), (128, 128), "cat-drums_2bar_small"))
    settings: Settings = field(
        default_factory=lambda: replace(Settings(), free_bits=48.0, beta_max=0.03, steps=2_400, batch=96, mixed=0.25)
    )
    reading: str = "drums"

    def song(self, path: Path) -> np.ndarray:
        return drums.drum_windows(path)

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        return drums.groove_parts(folder, songs)

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        return np.ones(len(windows))

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        return self.plain(drums.varied(windows, rng, settings.mixed))

    def plain(self, windows: np.ndarray) -> Pair:
        return (steps := classes(windows)), steps


@dataclass(frozen=True)
class Groove:
    """Hits, velocities and offsets of nine drums; the encoder hears less than the decoder plays."""

    name: str
    config: str
    reading: str = "groove"

    @property
    def sizes(self) -> HParams:
        return HParams(64, (128,), (128, 128), self.config)

    @property
    def settings(self) -> Settings:
        shared = replace(Settings(), free_bits=48.0, beta_max=0.03, steps=1_100, batch=96)
        if find(self.config).encoding.humanize:
            return replace(shared, free_running=0.6)
        return replace(shared, free_running=0.5, feel=0.25)

    def song(self, path: Path) -> np.ndarray:
        return drums.groove_windows(path)

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        return drums.groove_parts(folder, songs)

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        return np.ones(len(windows))

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        return self.plain(drums.rebarred(windows, rng, settings.mixed))

    def plain(self, windows: np.ndarray) -> Pair:
        y = windows.astype(np.float32)
        x = groove_steps.heard(find(self.config).encoding, y.reshape(-1, y.shape[2])).reshape(y.shape)
        return vectors(x), vectors(y)


def classes(windows: np.ndarray) -> Tensor:
    """Windows [N, T] as classes [T, N]."""
    return torch.from_numpy(np.ascontiguousarray(windows.T, np.int64))


def vectors(windows: np.ndarray) -> Tensor:
    """Windows [N, T, depth] as vectors [T, N, depth]."""
    return torch.from_numpy(np.ascontiguousarray(windows.transpose(1, 0, 2), np.float32))


MELODY = Melody()
KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        MELODY,
        Drums(),
        Groove("groove", "groovae_2bar_humanize"),
        Groove("tap", "groovae_2bar_tap_fixed_velocity"),
    )
}


def kind_of(config: str) -> Kind:
    """The kind that a configuration learns. Raises ValueError for one that is not trained here."""
    for kind in KINDS.values():
        if kind.config == config:
            return kind
    raise ValueError(f"config must be one of {', '.join(kind.config for kind in KINDS.values())}, got {config}")
