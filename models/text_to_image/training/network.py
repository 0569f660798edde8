"""The networks: what the words mean, what it looks like, and the steps that paint it.

``Said`` adds up word vectors. ``Recall`` goes from them and a style, by attention over what was learnt, to coefficients
in two bases of principal components, one of emoji with their opacity and one of what may be behind: two thousand
pictures are learnt in minutes. The outcome is a sketch in two layers, which can be moved before it is put together.
``Paint``, a small U-Net, goes from a noised latent and the sketch to the clean latent.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS
from models.latent.training.coding import decode_plain, encode

from ..words import Shares
from .captions import CHOOSING, STYLE, placed

WORD, KEY, OBJECTS, SCENES = 128, 96, 608, 320
ENOUGH = 18.0
"""Logits by which a picture may fit the words worse than the best, until it counts as not meant."""
OPACITY = 3.0
"""What opacities count beside latents in the emoji's basis."""
LAYER = CHANNELS + 4
"""Channels of an emoji at 16×16: its latent, and its opacity at 32×32."""


class Said(nn.Module):
    """From the shares of words to vectors [B, WORD]."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.table = nn.EmbeddingBag(words, WORD, mode="sum")
        nn.init.normal_(self.table.weight, std=1.0)

    def forward(self, said: list[Shares]) -> Tensor:
        """The words' vectors, so added that their number does not matter to the length; zero for nothing."""
        numbers = torch.tensor([number for shares in said for number, _ in shares], dtype=torch.long)
        weights = torch.tensor([share * len(shares) ** 0.5 for shares in said for _, share in shares])
        offsets = torch.tensor([0, *[len(shares) for shares in said][:-1]]).cumsum(0)
        return self.table(numbers, offsets, per_sample_weights=weights.float())


class Dense(nn.Module):
    """Three dense layers, the middle one beside a skip."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)
        self.third = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.silu(self.first(x))
        return self.third(x + functional.silu(self.second(x)))


class Memory(nn.Module):
    """What was learnt, looked up by attention: words ask, and of what they leave open the style chooses."""

    def __init__(self, slots: int) -> None:
        super().__init__()
        self.ask = Dense(2 * WORD, 256, KEY)
        self.keys = nn.Parameter(torch.randn(slots, KEY))
        self.choices = nn.Parameter(torch.randn(slots, CHOOSING))
        self.sharpness, self.fit = nn.Parameter(torch.tensor(15.0)), nn.Parameter(torch.tensor(30.0))

    def forward(self, words: Tensor, style: Tensor) -> Tensor:
        """How likely each slot is, as logits [B, slots]."""
        asked = functional.normalize(self.ask(words), dim=1)
        choice = functional.normalize(style[:, :CHOOSING], dim=1)
        fit = self.fit * asked @ functional.normalize(self.keys, dim=1).T
        lack = fit.amax(1, keepdim=True) - fit  # what fits much worse, no style may choose
        return self.sharpness * choice @ self.choices.T - lack - 3 * functional.relu(lack - ENOUGH)


class Recall(nn.Module):
    """From words and style to coefficients of emoji [B, OBJECTS] and of what is behind [B, SCENES].

    The last slot of each memory is for none: no emoji, and a plain gradient, which dense layers tell from the words.
    """

    def __init__(self, objects: int, scenes: int) -> None:
        super().__init__()
        self.objects, self.scenes = Memory(objects + 1), Memory(scenes + 1)
        self.plain = Dense(WORD + STYLE, 128, SCENES)
        for name, slots, size in (("objects", objects + 1, OBJECTS), ("scenes", scenes + 1, SCENES)):
            self.register_buffer(f"{name}_values", torch.zeros(slots, size, dtype=torch.int8))
            self.register_buffer(f"{name}_scale", torch.zeros(size))

    def forward(self, subject: Tensor, setting: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
        words = torch.cat([subject, setting], 1)
        objects = self.objects(words, style).softmax(1) @ self.objects_values.float() * self.objects_scale
        shares = self.scenes(words, style).softmax(1)
        scenes = shares @ self.scenes_values.float() * self.scenes_scale
        return objects, scenes + shares[:, -1:] * self.plain(torch.cat([setting, style], 1))


class Bases(nn.Module):
    """The principal components, kept as whole numbers of 8 bits with a scale each."""

    def __init__(self) -> None:
        super().__init__()
        for name, count, channels in (("objects", OBJECTS, LAYER), ("scenes", SCENES, CHANNELS)):
            self.register_buffer(name, torch.zeros(count, channels * 256, dtype=torch.int8))
            self.register_buffer(f"{name}_scale", torch.zeros(count, 1))
            self.register_buffer(f"{name}_mean", torch.zeros(channels * 256))

    def emoji(self, coefficients: Tensor) -> Tensor:
        """Layers [B, 4, 64, 64], colour multiplied by opacity, and opacity."""
        flat = coefficients @ (self.objects.float() * self.objects_scale) + self.objects_mean
        parts = flat.view(-1, LAYER, 16, 16)
        opacity = functional.pixel_shuffle(parts[:, CHANNELS:] / OPACITY, 2)
        opacity = functional.interpolate(opacity, scale_factor=2, mode="bilinear", align_corners=False)
        return torch.cat([decode_plain(parts[:, :CHANNELS]), opacity], 1).clamp(0, 1)

    def behind(self, coefficients: Tensor) -> Tensor:
        """Pictures [B, 3, 64, 64]."""
        flat = coefficients @ (self.scenes.float() * self.scenes_scale) + self.scenes_mean
        return decode_plain(flat.view(-1, CHANNELS, 16, 16)).clamp(0, 1)


class Block(nn.Module):
    """Two convolutions beside a skip, scaled and shifted by a vector."""

    def __init__(self, channels: int, vector: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.modulation = nn.Linear(vector, 2 * channels)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.modulation.weight)
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        scale, shift = self.modulation(vector)[:, :, None, None].chunk(2, 1)
        y = self.norm(x) * (1 + scale) + shift
        return x + self.second(functional.silu(self.first(functional.silu(y))))


class Paint(nn.Module):
    """From a noised latent, the noise's share [B], a sketch's latent and its opacity to the clean latent."""

    def __init__(self, fine: int = 64, coarse: int = 112, vector: int = 64) -> None:
        super().__init__()
        self.level = nn.Linear(16, vector)
        self.start = nn.Conv2d(2 * CHANNELS + 4, fine, 3, padding=1)
        self.before = Block(fine, vector)
        self.down = nn.Conv2d(fine, coarse, 2, stride=2)
        self.middle = nn.ModuleList(Block(coarse, vector) for _ in range(2))
        self.up = nn.Conv2d(coarse, fine * 4, 1)
        self.join = nn.Conv2d(2 * fine, fine, 1)
        self.after = Block(fine, vector)
        self.out = nn.Conv2d(fine, CHANNELS, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.register_buffer("waves", torch.arange(8).float().mul(0.5).exp() * 1.5, persistent=False)

    def forward(self, noised: Tensor, share: Tensor, sketch: Tensor, opacity: Tensor) -> Tensor:
        angles = share[:, None] * self.waves
        vector = functional.silu(self.level(torch.cat([angles.sin(), angles.cos()], 1)))
        x = self.start(torch.cat([noised, sketch, opacity], 1).contiguous(memory_format=torch.channels_last))
        x = skip = self.before(x, vector)
        x = self.down(x)
        for block in self.middle:
            x = block(x, vector)
        x = self.join(torch.cat([functional.pixel_shuffle(self.up(x), 2), skip], 1))
        return sketch + self.out(functional.silu(self.after(x, vector)))


class TextToImage(nn.Module):
    """All together, for so many words, emoji and scenes."""

    def __init__(self, words: int, objects: int, scenes: int) -> None:
        super().__init__()
        self.said, self.recall = Said(words), Recall(objects, scenes)
        self.bases, self.paint = Bases(), Paint()

    def layers(self, subjects: list[Shares], settings: list[Shares], style: Tensor) -> tuple[Tensor, Tensor]:
        """The emoji [B, 4, 64, 64] and what is behind [B, 3, 64, 64]."""
        objects, scenes = self.recall(self.said(subjects), self.said(settings), style)
        return self.bases.emoji(objects), self.bases.behind(scenes)


def sketched(emoji: Tensor, behind: Tensor, placing: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """A sketch's latent [B, CHANNELS, 16, 16] and its opacity [B, 4, 16, 16]."""
    if placing is not None:
        emoji = placed(emoji, placing)
    latent = encode(emoji[:, :3] + (1 - emoji[:, 3:]) * behind)
    return latent, functional.pixel_unshuffle(functional.avg_pool2d(emoji[:, 3:], 2), 2)
