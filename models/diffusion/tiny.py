"""A pipeline of Stable Diffusion's shape with random weights, small enough for tests and benches on any machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    LCMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

if TYPE_CHECKING:
    from models.diffusion.prompts import Pipeline

WIDTH = 32
"""Of the text embedding."""
TOKENS = 16


def tiny_pipeline(
    seed: int = 0, *, kind: Literal["sd", "lcm", "sdxl"] = "sd", kl: bool = False, prediction: str = "epsilon"
) -> Pipeline:
    """The same seed gives the same weights. ``kl`` takes an AutoencoderKL in place of an AutoencoderTiny.

    Leaves torch's own random state as it was.
    """
    # .eval() here and below is torch's Module.eval: layers behave as at inference; it evaluates no text.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts: dict[str, Any] = {
            "vae": _autoencoder(kl),
            "text_encoder": CLIPTextModel(_text_config()).eval(),
            "tokenizer": tokenizer(),
            "unet": _unet(kind),
            "scheduler": LCMScheduler(
                beta_start=0.00085,
                beta_end=0.012,
                beta_schedule="scaled_linear",
                steps_offset=1,
                prediction_type=prediction,
            ),
        }
        if kind == "sdxl":
            parts["text_encoder_2"] = CLIPTextModelWithProjection(_text_config()).eval()
            parts["tokenizer_2"] = tokenizer()
            pipeline = StableDiffusionXLPipeline(**parts, add_watermarker=False)
        else:
            none = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
            pipeline = StableDiffusionPipeline(**parts, **none)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def tokenizer() -> CLIPTokenizer:
    """CLIP's without its merges: a token a byte."""
    from tokenizers.pre_tokenizers import ByteLevel

    letters = sorted(ByteLevel.alphabet())
    vocabulary = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    return CLIPTokenizer({token: n for n, token in enumerate(vocabulary)}, [], model_max_length=TOKENS)


def _text_config() -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=514, hidden_size=WIDTH, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=TOKENS, projection_dim=WIDTH, bos_token_id=512, eos_token_id=513, pad_token_id=513,
    )  # fmt: skip


def _unet(kind: str) -> UNet2DConditionModel:
    more: dict[str, Any] = {}
    if kind == "lcm":
        more = {"time_cond_proj_dim": 64}
    elif kind == "sdxl":
        more = {
            "addition_embed_type": "text_time",
            "addition_time_embed_dim": 8,
            "projection_class_embeddings_input_dim": 6 * 8 + WIDTH,
        }
    return UNet2DConditionModel(
        block_out_channels=(32, 64), layers_per_block=1, sample_size=8, in_channels=4, out_channels=4,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=2 * WIDTH if kind == "sdxl" else WIDTH, attention_head_dim=4, norm_num_groups=8, **more,
    ).eval()  # fmt: skip


def _autoencoder(kl: bool) -> AutoencoderKL | AutoencoderTiny:
    if kl:
        return AutoencoderKL(
            block_out_channels=(16, 16, 32, 32), layers_per_block=1, norm_num_groups=8, latent_channels=4,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ).eval()  # fmt: skip
    return AutoencoderTiny(
        encoder_block_out_channels=(16,) * 4, decoder_block_out_channels=(16,) * 4,
        num_encoder_blocks=(1, 1, 1, 1), num_decoder_blocks=(1, 1, 1, 1),
    ).eval()  # fmt: skip
