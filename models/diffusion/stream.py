"""The stream batch: every denoising step of the frames in flight in one call of the network (arXiv 2312.12491).

At each call a new frame enters at the noisiest row, every frame moves one row down, and the last row leaves clean:
a frame a call, n−1 calls late. What is kept between calls is each row's *clean* prediction, not its noisy sample, so
conditioning, strength, noise and the number of steps may all change from one call to the next without a break.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import torch
from torch import Tensor

from models.diffusion.schedule import Rows, Schedule

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

    from models.diffusion.graphs import GraphedUNet

Mode = Literal["none", "self", "one-time", "full"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Guidance:
    """How far the picture is pushed away from the negative prompt.

    *full* asks the network for every row twice. *one-time* asks twice for the row that enters, and *self* for none: the
    rest of the negative side is the noise itself, carried along (the paper's residual guidance; *self* takes the input
    image for the negative). *none* asks once and leaves the scale to networks that take it as an input.
    """

    mode: Mode = "none"
    scale: float = 1.0
    """1 does nothing."""
    delta: float = 1.0
    """Share of the carried noise that counts, for self and one-time."""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise ValueError(f"guidance mode must be one of {', '.join(MODES)}, got {self.mode!r}")


@dataclass(frozen=True)
class Conditioning:
    """What the network is told: a prompt, embedded."""

    embeds: Tensor
    """[1, tokens, width]"""
    pooled: Tensor | None = None
    """[1, width], SDXL alone."""
    time_ids: Tensor | None = None
    """[1, 6], SDXL alone: original size, crop, target size, in pixels."""


class Stream:
    """Denoising steps in flight over one U-Net; latents are float32 [rows, channels, height, width]."""

    def __init__(
        self, unet: UNet2DConditionModel | GraphedUNet, schedule: Schedule, steps: int = 1, strength: float = 1.0
    ) -> None:
        """Raises ValueError as ``Schedule.rows``."""
        self.unet, self.schedule = unet, schedule
        self._key = (steps, strength)
        self.rows: Rows = schedule.rows(steps, strength)
        self._clean: Tensor | None = None
        self._carried: Tensor | None = None

    def set_steps(self, steps: int, strength: float = 1.0) -> None:
        """Take another number of steps or strength from the next call on. Raises ValueError as ``Schedule.rows``."""
        if (steps, strength) == self._key:
            return
        before, self.rows, self._key = len(self.rows), self.schedule.rows(steps, strength), (steps, strength)
        if self._clean is None or len(self._clean) < before:  # not full yet, so nothing was ever shown
            self.forget()
        elif steps != before:  # each row takes over from the one that had come as far
            kept = [math.ceil((row + 1) / steps * before) - 1 for row in range(steps)]
            self._clean = self._clean[kept]
            self._carried = None if self._carried is None else self._carried[kept]

    def forget(self) -> None:
        """Empty the stream: the next frames start from nothing."""
        self._clean = self._carried = None

    @torch.inference_mode()
    def step(
        self,
        prompt: Conditioning,
        noise: Tensor,
        image: Tensor | None = None,
        guidance: Guidance | None = None,
        negative: Conditioning | None = None,
    ) -> Tensor | None:
        """Let a frame in and move all on by a step, in one call of the network.

        ``noise`` [steps, …] is what each row is noised with at this call: zeros switch it off. The frame that enters
        is ``noise[0]`` alone, or ``image`` [1, …] under it. Returns the clean latent [1, …] of the frame that leaves,
        None while the stream fills. ``negative`` must be there for full and one-time guidance: else ValueError.
        """
        guidance = guidance or Guidance()
        live = min(len(self.rows), 1 if self._clean is None else len(self._clean) + 1)
        rows, noise = self.rows.first(live), noise[:live]
        sample = noise.clone()
        if image is not None:
            sample[:1] = rows.signal[:1] * image + rows.noise[:1] * noise[:1]
        if self._clean is not None:
            sample[1:] = rows.diffuse(self._shifted(self._clean, live), noise)[1:]
        epsilon = self._guided(rows, sample, noise, prompt, negative, guidance)
        self._clean = rows.denoise(sample, epsilon)
        return self._clean[-1:] if live == len(self.rows) else None

    def _guided(
        self,
        rows: Rows,
        sample: Tensor,
        noise: Tensor,
        prompt: Conditioning,
        negative: Conditioning | None,
        guidance: Guidance,
    ) -> Tensor:
        mode, scale = guidance.mode, guidance.scale
        if scale == 1.0 or mode == "none":
            self._carried = None
            return self._noise_in(rows, sample, prompt, None, 0, scale)
        asked = {"full": len(rows), "one-time": 1, "self": 0}[mode]
        if asked and negative is None:
            raise ValueError(f"{mode} guidance needs a negative prompt (it may be empty), got none")
        both = self._noise_in(rows, sample, prompt, negative, asked, 1.0)
        away, epsilon = both[:asked], both[asked:]
        if mode == "full":
            return away + scale * (epsilon - away)
        stock = noise.clone()
        if self._carried is not None:
            stock[1:] += (rows.signal / rows.noise * self._shifted(self._carried, len(rows)))[1:]
        stock[:asked] = away
        epsilon = guidance.delta * stock + scale * (epsilon - guidance.delta * stock)
        self._carried = rows.denoise_change(rows.noise * stock, epsilon)
        return epsilon

    def _noise_in(
        self,
        rows: Rows,
        sample: Tensor,
        prompt: Conditioning,
        negative: Conditioning | None,
        asked: int,
        scale: float,
    ) -> Tensor:
        """Call the network once: the first ``asked`` rows with the negative prompt, then all with the prompt."""
        wide = rows.after_its_first(asked) if asked else rows
        samples = torch.cat([sample[:asked], sample])
        dtype = self.unet.dtype

        def told(part: str) -> Tensor:
            own = getattr(prompt, part).expand(len(rows), *getattr(prompt, part).shape[1:])
            if negative is None or not asked:
                return own.to(dtype)
            other = getattr(negative, part)
            return torch.cat([other.expand(asked, *other.shape[1:]), own]).to(dtype)

        added = None
        if prompt.pooled is not None:
            added = {"text_embeds": told("pooled"), "time_ids": told("time_ids")}
        width = self.unet.config.time_cond_proj_dim
        output = self.unet(
            samples.to(dtype),
            wide.timesteps,
            encoder_hidden_states=told("embeds"),
            timestep_cond=None if width is None else scale_embedding(scale, width).to(samples.device, dtype),
            added_cond_kwargs=added,
            return_dict=False,
        )[0]
        return wide.epsilon(samples, output.float())

    @staticmethod
    def _shifted(kept: Tensor, live: int) -> Tensor:
        """Each row's value from the row above; the first row's stands in for what is not there."""
        return torch.cat([kept[:1], kept])[:live]


def scale_embedding(scale: float, width: int) -> Tensor:
    """The guidance scale as LCM networks are told it, [1, width] (arXiv 2310.04378): sines and cosines of scale − 1."""
    half = width // 2
    frequencies = torch.exp(torch.arange(half, dtype=torch.float32) * -(math.log(10000.0) / (half - 1)))
    angles = (scale - 1.0) * 1000.0 * frequencies
    return torch.nn.functional.pad(torch.cat([angles.sin(), angles.cos()]), (0, width % 2))[None]
