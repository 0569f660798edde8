"""The arithmetic of the denoising steps, one row a step, so that one call takes them all.

The consistency function of arXiv 2310.04378 over the noise schedule that a checkpoint's scheduler states. Betas and
timesteps are those of diffusers' ``LCMScheduler``; its step is written anew here for a batch whose rows stand at
different timesteps, which it cannot take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import LCMScheduler
from torch import Tensor

SIGMA_DATA = 0.5
"""As in LCMScheduler."""


@dataclass(frozen=True)
class Rows:
    """n denoising steps, the noisiest first. All but the timesteps are float32 [n, 1, 1, 1]."""

    timesteps: Tensor
    """[n], whole numbers, falling."""
    signal: Tensor
    """√ᾱ: how much of the clean latent a sample of that timestep holds."""
    noise: Tensor
    """√(1−ᾱ): how much noise."""
    skip: Tensor
    out: Tensor
    prediction: str
    """What the network gives: epsilon, v_prediction or sample."""
    clip: float | None
    """Bound of the clean latent, where the scheduler clips."""

    def __len__(self) -> int:
        return len(self.timesteps)

    def first(self, count: int) -> Rows:
        """The noisiest rows alone."""
        cut = (self.timesteps[:count], self.signal[:count], self.noise[:count], self.skip[:count], self.out[:count])
        return Rows(*cut, self.prediction, self.clip)

    def after_its_first(self, count: int) -> Rows:
        """All rows, preceded by the noisiest ``count`` once more."""
        parts = (self.timesteps, self.signal, self.noise, self.skip, self.out)
        return Rows(*(torch.cat([part[:count], part]) for part in parts), self.prediction, self.clip)

    def diffuse(self, latent: Tensor, noise: Tensor) -> Tensor:
        """Clean latents with noise, each row as its timestep has it."""
        return self.signal * latent + self.noise * noise

    def epsilon(self, sample: Tensor, output: Tensor) -> Tensor:
        """The noise that the network's output says is in each row's sample."""
        if self.prediction == "v_prediction":
            return self.signal * output + self.noise * sample
        if self.prediction == "sample":
            return (sample - self.signal * output) / self.noise
        return output

    def denoise(self, sample: Tensor, epsilon: Tensor) -> Tensor:
        """The clean latent of each row, given its noise: the consistency function."""
        clean = (sample - self.noise * epsilon) / self.signal
        if self.clip is not None:
            clean = clean.clamp(-self.clip, self.clip)
        return self.out * clean + self.skip * sample

    def denoise_change(self, sample: Tensor, epsilon: Tensor) -> Tensor:
        """As ``denoise``, for a difference of samples, which no bound holds for."""
        return self.out * (sample - self.noise * epsilon) / self.signal + self.skip * sample


class Schedule:
    """Denoising steps for any number and strength."""

    def __init__(self, config: Mapping[str, Any], device: torch.device | str = "cpu") -> None:
        """``config`` is a diffusers scheduler's, of any class. Raises ValueError for one that cannot be streamed."""
        self._scheduler = LCMScheduler.from_config(dict(config))
        stated = self._scheduler.config
        if stated.prediction_type not in ("epsilon", "v_prediction", "sample"):
            raise ValueError(f"prediction_type must be epsilon, v_prediction or sample, got {stated.prediction_type!r}")
        if stated.thresholding:
            raise ValueError("a scheduler with thresholding cannot be streamed, got thresholding = true")
        if float(self._scheduler.alphas_cumprod.min()) <= 0:
            raise ValueError("every timestep must keep some signal, got rescale_betas_zero_snr = true")
        self.device = torch.device(device)

    def most(self, strength: float) -> int:
        """How many steps that strength has room for."""
        return max(1, int(self._scheduler.config.original_inference_steps * strength))

    def rows(self, steps: int, strength: float = 1.0) -> Rows:
        """The coefficients of so many steps, in 1..most(strength).

        ``strength`` (0..1] is how far into the noise an image is taken, 1 all the way. Raises ValueError.
        """
        if not 0 < strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1, got {strength}")
        least = 1 / self._scheduler.config.original_inference_steps
        strength = max(strength, least * 1.001)
        if not 1 <= steps <= self.most(strength):
            raise ValueError(f"steps must be in range 1..{self.most(strength)} at strength {strength:g}, got {steps}")
        self._scheduler.set_timesteps(steps, strength=strength)
        timesteps = self._scheduler.timesteps
        alphas = self._scheduler.alphas_cumprod[timesteps].double()
        scaled = timesteps.double() * self._scheduler.config.timestep_scaling
        below = scaled**2 + SIGMA_DATA**2
        columns = (alphas.sqrt(), (1 - alphas).sqrt(), SIGMA_DATA**2 / below, scaled / below.sqrt())
        config = self._scheduler.config
        return Rows(
            timesteps.to(self.device),
            *(column.float().reshape(-1, 1, 1, 1).to(self.device) for column in columns),
            config.prediction_type,
            float(config.clip_sample_range) if config.clip_sample else None,
        )
