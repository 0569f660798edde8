"""A family's networks at their full size with random weights: for speed the weights do not matter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from diffusers import AutoencoderTiny, LCMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from models.diffusion import families
from models.diffusion.tiny import tokenizer

if TYPE_CHECKING:
    from models.diffusion.prompts import Pipeline


def random_pipeline(family: str, device: str, dtype: torch.dtype, folder: Path = families.FOLDER) -> Pipeline:
    """A pipeline of a family of one text encoder, with a tiny autoencoder; its prompts say nothing."""
    place = folder / family
    config = _config(place / "text_encoder" / "config.json")
    with torch.random.fork_rng(devices=[]), torch.device(device):
        torch.manual_seed(0)
        unet = UNet2DConditionModel.from_config(_config(place / "unet" / "config.json")).to(dtype)
        text_encoder = CLIPTextModel(CLIPTextConfig(**config)).to(dtype)
        vae = AutoencoderTiny().to(dtype)
    pipeline = StableDiffusionPipeline(
        vae=vae.eval(),  # torch's Module.eval, here and below: layers behave as at inference
        text_encoder=text_encoder.eval(),
        tokenizer=tokenizer(),
        unet=unet.eval(),
        scheduler=LCMScheduler.from_config(_config(place / "scheduler" / "scheduler_config.json")),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).to(device)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def _config(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
