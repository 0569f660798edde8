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
from models.music_vae.training import chords, data, drums
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
    def file(self) -> str:
        """The name of its weights file."""
        ...

    @property
    def start(self) -> str | None:
        """The embedded weights that it begins with unless others are named, and whose latent space it keeps."""
        ...

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
    file: str = "melody_2bar.safetensors"
    start: str | None = None

    def song(self, path: Path) -> np.ndarray:
        return data.melodies(path)

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        return ()

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        onsets = (windows >= melody.FIRST_NOTE).reshape(len(windows), 2, -1).any(2)
        return np.where(onsets.all(1), 1.0, settings.sparse_share)

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        return self.plain(melody.transpose(windows, moves(windows, rng, settings)))

    def plain(self, windows: np.ndarray) -> Pair:
        return (steps := classes(windows)), steps


def moves(windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> np.ndarray:
    """By how many semitones each of some melodies [N, 32] is moved, so that it stays within the pitches."""
    pitched = np.where(windows >= melody.FIRST_NOTE, windows, 0)
    highest = pitched.max(1)
    lowest = np.where(pitched > 0, pitched, melody.CLASSES).min(1)
    by = rng.integers(-settings.transpose, settings.transpose + 1, len(windows))
    return np.clip(by, melody.FIRST_NOTE - lowest, melody.CLASSES - 1 - highest)


@dataclass(frozen=True)
class Chords:
    """Melodies of two bars over chords: a decoder that takes harmony from the chords and the rest from z.

    Windows are [N, 32, 2]. The encoder is a melody model's, hears no chords and stays as it is, so that z means the
    same to both. To learn whom to follow, the encoder hears some windows as they would go over other chords.
    """

    name: str = "chords"
    config: str = "cat-mel_2bar_med_chords"
    sizes: HParams = field(default_factory=lambda: HParams(config="cat-mel_2bar_med_chords"))
    settings: Settings = field(
        default_factory=lambda: replace(
            Settings(),
            steps=800,
            muon_rate=0.0015,
            adam_rate=1e-3,
            mixed=0.3,
            free_ramp=0.05,
            vague=0.2,
            vaguest=0.5,
            unchorded=0.15,
        )
    )
    reading: str = "melody with chords"
    file: str = "melody_chords_2bar.safetensors"
    start: str | None = "melody_2bar.safetensors"

    def song(self, path: Path) -> np.ndarray:
        return chords.windows_of(path)

    def parts(self, folder: Path, songs: list[str]) -> tuple[data.Part, ...]:
        return ()

    def chances(self, windows: np.ndarray, settings: Settings) -> np.ndarray:
        return MELODY.chances(windows[..., 0], settings)

    def batch(self, windows: np.ndarray, rng: np.random.Generator, settings: Settings) -> Pair:
        steps, over = windows[..., 0].astype(np.int64), windows[..., 1].astype(np.int64)
        by = moves(steps, rng, settings)
        steps, over = melody.transpose(steps, by), chords.transposed(over, by)
        others = chords.reharmonised(steps, over, rng)
        over[rng.random(len(steps)) < settings.unchorded] = 0
        told = over.any(1) & (rng.random(len(steps)) < settings.mixed)  # without chords z is all there is to go by
        heard = np.where(told[:, None], others, steps)
        return torch.stack([classes(heard), classes(over)], 2), classes(steps)

    def plain(self, windows: np.ndarray) -> Pair:
        return torch.stack([classes(windows[..., 0]), classes(windows[..., 1])], 2), classes(windows[..., 0])


@dataclass(frozen=True)
class Drums:
    """Sets of nine drums."""

    name: str = "drums"
    config: str = "cat-drums_2bar_small"
    sizes: HParams = field(default_factory=lambda: HParams(128, (256,), (192, 192), "cat-drums_2bar_small"))
    settings: Settings = field(
        default_factory=lambda: replace(
            Settings(),
            free_bits=48.0,
            beta_max=0.01,
            free_running=0.5,
            steps=9_000,
            batch=192,
            mixed=0.6,
            mixed_last=0.1,
        )
    )
    reading: str = "drums"
    file: str = "drums_2bar.safetensors"
    start: str | None = None

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
    start: str | None = None

    @property
    def file(self) -> str:
        return f"{self.name}_2bar.safetensors"

    @property
    def sizes(self) -> HParams:
        return HParams(64, (128,), (128, 128), self.config)

    @property
    def settings(self) -> Settings:
        # Played on from its own all along, as where it is used: fed the truth, it learns to go by what came before.
        shared = replace(Settings(), free_bits=48.0, beta_max=0.03, steps=2_000, batch=192, mixed=0.7, mixed_last=0.2)
        shared = replace(shared, free_running=1.0, free_ramp=0.1, free_temperature=0.4)
        return replace(shared, feel=4.0 if find(self.config).encoding.humanize else 0.25)

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
        Chords(),
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
