"""What a decoder's logits mean in training: the loss of a step, and how to draw one (in numpy: `outputs.py`)."""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from models.music_vae.configs import Config


class Head(Protocol):
    """A distribution over steps."""

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        """Negative log-likelihood of y under logits [T, B, depth], summed over the steps, mean over the batch."""
        ...

    def sample(self, logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
        """A step from logits [B, depth]; at temperature 0 the likeliest."""
        ...


class Categorical:
    """One class of many; y is [T, B]."""

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        flat = functional.cross_entropy(logits.view(-1, logits.shape[-1]), y.reshape(-1), reduction="sum")
        return flat / y.shape[1]

    def sample(self, logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
        if temperature > 0:
            noise = torch.rand(logits.shape, generator=generator).clamp_(1e-9).log_().neg_().log_()
            logits = (logits / temperature).sub_(noise)
        return logits.argmax(1)


class Groove:
    """Hits, velocities and offsets side by side; y is [T, B, 3 drums].

    Hits are Bernoulli. Velocities and offsets count where there is a hit, as if normally distributed with the standard
    deviations below: Magenta's loss adds their plain squared errors, to which hits give 20 times the weight.
    """

    VELOCITY_DEVIATION = 0.15
    OFFSET_DEVIATION = 0.25

    def __init__(self) -> None:
        self.feel = 1.0
        """How much velocities and offsets count beside hits."""

    def loss(self, logits: Tensor, y: Tensor) -> Tensor:
        hit_logits, velocity, offset = logits.chunk(3, -1)
        hits, velocities, offsets = y.chunk(3, -1)
        out = functional.binary_cross_entropy_with_logits(hit_logits, hits, reduction="sum")
        loud = (hits * (velocity.sigmoid() - velocities).square()).sum() / (2 * self.VELOCITY_DEVIATION**2)
        early = (hits * (offset.tanh() - offsets).square()).sum() / (2 * self.OFFSET_DEVIATION**2)
        return (out + self.feel * (loud + early)) / y.shape[1]

    def sample(self, logits: Tensor, temperature: float, generator: torch.Generator | None) -> Tensor:
        hits, velocity, offset = logits.chunk(3, -1)
        if temperature > 0:
            drawn = torch.rand(hits.shape, generator=generator) < (hits / temperature).sigmoid()
        else:
            drawn = hits >= 0
        return torch.cat([drawn.float(), velocity.sigmoid(), offset.tanh()], -1)


def head_of(config: Config) -> Head:
    """The head of a configuration. Raises ValueError for one that cannot be trained here."""
    flat = not config.encoder_levels and not config.decoder_levels and not config.encoding.hits_as_controls
    match config.output if flat else None:
        case "categorical" if len(config.encoding.output_depths) == 1 and not config.encoding.roll_output:
            return Categorical()
        case "groove":
            return Groove()
    raise ValueError(f"training: {config.name} is none of the configurations that can be trained here")
