"""Pairs of a caption and the picture it means, made without end from emoji and photographs.

What a caption leaves open, the style decides: fourteen normal numbers that the network is given along with the words.
Which of the pictures that fit, and which colours behind, follow from the style by fixed rules, so that words and style
together mean one picture. That is why a single step can paint it sharply: there is nothing left to
average over. It is the idea of a fixed coupling of noise to data (rectified flow, Liu et al. 2022), made by hand.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.latent import space
from models.text_to_image.words import PREPOSITIONS, Shares, Vocabulary, split

STYLE = 14
"""Numbers of a style: the first 8 choose the picture, the next 6 the colours behind it."""
CHOOSING = 8
SIDE = space.SMALL
OBJECT = 52
"""Points of the 64 that an emoji fills."""

COLOURS = {
    "red": (0.85, 0.12, 0.12), "orange": (0.97, 0.55, 0.1), "yellow": (0.98, 0.86, 0.2), "green": (0.15, 0.65, 0.25),
    "turquoise": (0.15, 0.75, 0.72), "cyan": (0.2, 0.8, 0.95), "blue": (0.12, 0.3, 0.85), "purple": (0.5, 0.2, 0.75),
    "violet": (0.45, 0.15, 0.8), "pink": (0.98, 0.6, 0.78), "brown": (0.42, 0.25, 0.14), "black": (0.03, 0.03, 0.04),
    "grey": (0.5, 0.5, 0.5), "gray": (0.5, 0.5, 0.5), "white": (0.96, 0.96, 0.96), "gold": (0.9, 0.7, 0.2),
    "dark": (0.1, 0.1, 0.14), "light": (0.88, 0.9, 0.92),
}  # fmt: skip


class Pictures:
    """All pictures at 64×64, colour multiplied by opacity, with what they are called."""

    def __init__(self, data: Path) -> None:
        table = json.loads((data / "pictures.json").read_text())
        cache = data / f"small_{OBJECT}.npy"
        if not cache.exists():
            np.save(cache, _shrunk(np.load(data / "pictures.npy", mmap_mode="r"), [row["kind"] for row in table]))
        self.pixels = torch.from_numpy(np.load(cache)).permute(0, 3, 1, 2).contiguous()  # uint8 [N, 4, 64, 64]
        rng = np.random.default_rng(7)
        codes = rng.standard_normal((len(table), CHOOSING)).astype(np.float32)
        self.codes = codes / np.linalg.norm(codes, axis=1, keepdims=True)
        self.names = [row["name"] for row in table]
        self.kinds = [row["kind"] for row in table]
        self.objects = [i for i, kind in enumerate(self.kinds) if kind == "emoji"]
        self.flags = [i for i, kind in enumerate(self.kinds) if kind == "flag"]
        self.scenes = [i for i, kind in enumerate(self.kinds) if kind in ("land", "nebula")]
        self.by_tag: dict[str, list[int]] = defaultdict(list)
        """Emoji by keyword, scenes by each of their words and by what their colours are like."""
        self.tags: list[tuple[str, ...]] = []
        for i, row in enumerate(table):
            tags = [tag for tag in row["words"] if tag.isascii()]
            if self.kinds[i] in ("land", "nebula"):
                tags += _look(self.pixels[i, :3].float().mean((1, 2)) / 255, self.kinds[i])
            self.tags.append(tuple(tags))
        for i in self.objects:
            for tag in {*self.tags[i], *self.names[i].split()}:
                self.by_tag[tag].append(i)
        self.scene_by_tag: dict[str, list[int]] = defaultdict(list)
        for i in self.scenes:
            for tag in self.tags[i]:
                self.scene_by_tag[tag].append(i)

    def vocabulary(self) -> Vocabulary:
        words = {
            word for text in (*self.names, *self.by_tag, *self.scene_by_tag) for part in split(text) for word in part
        }
        return Vocabulary(sorted(words | set(COLOURS)))


def _look(mean: Tensor, kind: str) -> list[str]:
    red, green, blue = mean.tolist()
    light = (red + green + blue) / 3
    if kind == "nebula":
        return ["red"] if red > 1.15 * blue else ["blue"] if blue > 1.1 * red else ["white"]
    words = ["sunset", "orange", "warm"] if red - blue > 0.12 else ["blue"] if blue - red > 0.06 else ["grey", "cloudy"]
    return [*words, "dark", "night"] if light < 0.3 else [*words, "bright"] if light > 0.6 else words


def _shrunk(pixels: np.ndarray, kinds: list[str]) -> np.ndarray:
    """uint8 [N, 64, 64, 4]; emoji with a margin about them."""
    small = np.zeros((len(pixels), SIDE, SIDE, 4), np.uint8)
    for i, kind in enumerate(kinds):
        side = OBJECT if kind in ("emoji", "flag") else SIDE
        rgba = np.asarray(pixels[i], np.float32)
        rgba[..., :3] *= rgba[..., 3:] / 255
        at = (SIDE - side) // 2
        planes = [Image.fromarray(rgba[..., c]).resize((side, side), Image.Resampling.BOX) for c in range(4)]
        small[i, at : at + side, at : at + side] = np.stack([np.asarray(p) for p in planes], -1).round().clip(0, 255)
    return small


@dataclass(frozen=True)
class Entry:
    """What is said of a subject and of its setting, and the pictures that may be meant; none means no picture."""

    subject: Shares = ()
    setting: Shares = ()
    among: tuple[int, ...] = ()


class Captions:
    """Draws captions with styles and the pictures they mean; the same ``seed`` draws the same."""

    def __init__(self, pictures: Pictures, vocabulary: Vocabulary, seed: int) -> None:
        self.pictures, self.vocabulary = pictures, vocabulary
        self.random, self.numbers = random.Random(seed), np.random.default_rng(seed)  # noqa: S311 (no secrets)
        scenery = set(pictures.scene_by_tag)
        self.objects = [i for i in pictures.objects if pictures.names[i] not in scenery]
        taken = scenery.union(pictures.names)
        self.tags = [tag for tag in sorted(pictures.by_tag) if re.fullmatch(r"[a-z ]+", tag) and tag not in taken]
        self._scenery = sorted(scenery)

    def draw(self, size: int) -> Drawn:
        """So many captions, each with a style."""
        styles = self.numbers.standard_normal((size, STYLE)).astype(np.float32)
        said: list[tuple[Shares, Shares]] = []
        objects, scenes = np.full(size, -1), np.full(size, -1)
        plain = (1 / (1 + np.exp(-1.3 * styles[:, 8:14]))).reshape(size, 2, 3)
        for i, style in enumerate(styles):
            roll = self.random.random()
            if roll < 0.03:
                text = ""
                scenes[i] = self._choose(self.pictures.scenes, style)
            elif roll < 0.25:
                text, scenes[i] = self._scene(style)
            else:
                text, objects[i] = self._object(style)
                if PREPOSITIONS.isdisjoint(text.split()):
                    if roll > 0.8:
                        words, scenes[i] = self._scene(style)
                        text = f"{text} in {words}"
                    elif roll > 0.6:
                        colour = self.random.choice(list(COLOURS))
                        text = f"{text} on {colour}"
                        shade = np.array(COLOURS[colour], np.float32) * (1 + 0.2 * np.tanh(style[8:10, None]))
                        plain[i] = shade.clip(0, 1)
            said.append(self.vocabulary.read(text))
        subjects, settings = [a for a, _ in said], [b for _, b in said]
        return Drawn(subjects, settings, torch.from_numpy(styles), objects, scenes, torch.from_numpy(plain))

    def _object(self, style: np.ndarray) -> tuple[str, int]:
        """An emoji's name, or with a keyword or some other word before it, or a keyword that several share."""
        roll = self.random.random()
        if roll < 0.07:
            flag = self.random.choice(self.pictures.flags)
            return self.pictures.names[flag], flag
        if roll < 0.25:
            tag = self.random.choice(self.tags)
            return tag, self._choose(self.pictures.by_tag[tag], style)
        chosen = self.random.choice(self.objects)
        name = self.pictures.names[chosen]
        if roll < 0.38 and self.pictures.tags[chosen]:
            return f"{self.random.choice(self.pictures.tags[chosen])} {name}", chosen
        if roll < 0.5:
            return f"{self.random.choice(self._scenery)} {name}", chosen
        return name, chosen

    def _scene(self, style: np.ndarray) -> tuple[str, int]:
        """Some words of a scene drawn at random, and the one of all that have them which the style chooses."""
        tags = self.pictures.tags[self.random.choice(self.pictures.scenes)]
        words = self.random.sample(tags, self.random.randint(1, min(3, len(tags))))
        fitting = set.intersection(*(set(self.pictures.scene_by_tag[word]) for word in words))
        return " ".join(words), self._choose(sorted(fitting), style)

    def _choose(self, among: list[int], style: np.ndarray) -> int:
        """The one whose code points most the way of the style."""
        return among[int((self.pictures.codes[among] @ style[:CHOOSING]).argmax())]


@dataclass(frozen=True)
class Drawn:
    """A batch: what was said, the styles [B, STYLE], and the numbers of what they mean (-1 for none)."""

    subjects: list[Shares]
    settings: list[Shares]
    styles: Tensor
    objects: np.ndarray
    scenes: np.ndarray
    plain: Tensor
    """[B, 2, 3]: the colours at the top and at the bottom where there is no scene."""


def gradients(plain: Tensor) -> Tensor:
    """Pictures [B, 3, 64, 64] that go from one colour at the top to another at the bottom, [B, 2, 3]."""
    down = torch.linspace(0, 1, SIDE).view(1, 1, SIDE, 1)
    top, bottom = plain[:, 0, :, None, None], plain[:, 1, :, None, None]
    return (top + (bottom - top) * down).expand(-1, -1, SIDE, SIDE)


def composed(pictures: Pictures, drawn: Drawn, placing: Tensor | None = None) -> Tensor:
    """The pictures [B, 3, 64, 64] in 0..1 that a batch means, the emoji ``placed`` by matrices [B, 2, 3]."""
    behind = scenery(pictures, drawn)
    chosen = pictures.pixels[np.maximum(drawn.objects, 0)].float() / 255
    chosen = chosen * torch.from_numpy(drawn.objects >= 0)[:, None, None, None]
    if placing is not None:
        chosen = placed(chosen, placing)
    return chosen[:, :3] + (1 - chosen[:, 3:]) * behind


def scenery(pictures: Pictures, drawn: Drawn) -> Tensor:
    """What is behind, [B, 3, 64, 64]."""
    scenes = pictures.pixels[np.maximum(drawn.scenes, 0), :3].float() / 255
    return torch.where(torch.from_numpy(drawn.scenes < 0)[:, None, None, None], gradients(drawn.plain), scenes)


def placed(layers: Tensor, placing: Tensor) -> Tensor:
    """Layers [B, 4, 64, 64] moved, turned and scaled by matrices [B, 2, 3] from where to look, in ±1; clear outside."""
    grid = functional.affine_grid(placing, list(layers.shape), align_corners=False)
    return functional.grid_sample(layers, grid, align_corners=False)
