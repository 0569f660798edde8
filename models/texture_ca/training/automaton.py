"""The automaton as torch sees it while it learns.

A neural cellular automaton as in Niklasson et al., "Self-Organising Textures" (Distill 2021,
doi:10.23915/distill.00027.003): each cell holds 12 numbers, sees them and their Sobel and Laplacian derivatives, and a
perceptron with one hidden layer tells it how to change. The first three numbers, plus a half, are its colour.
Two departures, both for speed at run time: every cell updates at every step (a random state breaks the symmetry, no
random mask), and perception and first layer are one 3×3 convolution, which is the same thing composed.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 12
HIDDEN = 64
SEED_RANGE = 0.1  # a fresh state is uniform noise in ± this

_SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
_LAPLACE = torch.tensor([[1.0, 2.0, 1.0], [2.0, -12.0, 2.0], [1.0, 2.0, 1.0]]) / 16
_IDENTITY = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
FILTERS = torch.stack([_IDENTITY, _SOBEL, _SOBEL.T, _LAPLACE])


class Automaton(nn.Module):
    """One step maps a state [B, 12, H, W], wrapped at its edges, to the next."""

    filters: Tensor

    def __init__(self, channels: int = CHANNELS, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.sense = nn.Parameter(torch.randn(hidden, channels, len(FILTERS)) / (channels * 4) ** 0.5)
        self.sense_bias = nn.Parameter(torch.zeros(hidden))
        self.act = nn.Parameter(torch.zeros(channels, hidden))  # at first it changes nothing
        self.register_buffer("filters", FILTERS.clone())

    def kernel(self) -> Tensor:
        """Perception and first layer composed into one convolution: [hidden, 12, 3, 3]."""
        return torch.einsum("hcf,fyx->hcyx", self.sense, self.filters)

    def forward(self, state: Tensor, steps: int = 1, flow: Tensor | None = None) -> Tensor:
        """The state after so many steps, carried along by ``flow`` [B, 2] (right, down; cells a step)."""
        channels = state.shape[1]
        perceive = self.filters.repeat(channels, 1, 1)[:, None]
        sense, act = self.sense.flatten(1)[:, :, None, None], self.act[:, :, None, None]
        for _ in range(steps):
            # Apart here, since this way round the gradient is cheaper.
            seen = functional.conv2d(functional.pad(state, (1, 1, 1, 1), mode="circular"), perceive, groups=channels)
            change = functional.conv2d(functional.relu(functional.conv2d(seen, sense, self.sense_bias)), act)
            if flow is not None:
                # Lax and Wendroff's scheme: the Laplacian filter sees a quarter of the curvature.
                weights = torch.cat([flow, -2 * flow.square().sum(1, keepdim=True)], 1)
                change = change - torch.einsum("bcfyx,bf->bcyx", seen.unflatten(1, (channels, -1))[:, :, 1:], weights)
            state = state + change
        return state


def seed_state(count: int, size: int, generator: torch.Generator) -> Tensor:
    return (torch.rand(count, CHANNELS, size, size, generator=generator) * 2 - 1) * SEED_RANGE


def to_rgb(state: Tensor) -> Tensor:
    """Colours [B, 3, H, W], about 0–1, not clipped."""
    return state[:, :3] + 0.5
