"""Prompts as the network is told them: embedded once, remembered, blended by weight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor

from models.diffusion.stream import Conditioning

if TYPE_CHECKING:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    Pipeline = StableDiffusionPipeline | StableDiffusionXLPipeline

Blend = Literal["lerp", "slerp"]
BLENDS: tuple[Blend, ...] = get_args(Blend)
REMEMBERED = 64
PARALLEL = 0.9995
"""The cosine above which two vectors are blended along the line: the arc between them is one."""


class Prompts:
    """Embeds prompts with a pipeline's text encoders; the newest ``remembered`` texts cost nothing again."""

    def __init__(self, pipeline: Pipeline, width: int, height: int, remembered: int = REMEMBERED) -> None:
        """``width`` and ``height`` in pixels are told to networks that ask for them (SDXL)."""
        self._pipeline, self._size, self._remembered = pipeline, (height, width), remembered
        self._known: OrderedDict[str, Conditioning] = OrderedDict()
        self.encoded = 0
        """How many texts went through the text encoder."""

    def encode(self, text: str) -> Conditioning:
        """A text's embedding; longer ones than the encoder takes (77 tokens) are cut off."""
        if text in self._known:
            self._known.move_to_end(text)
            return self._known[text]
        with torch.inference_mode():
            found = self._encode(text)
        self.encoded += 1
        self._known[text] = found
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)
        return found

    def blend(self, parts: Sequence[tuple[str, float]], how: Blend = "slerp") -> Conditioning:
        """Texts blended by weight. Raises ValueError as ``mix``."""
        return mix([self.encode(text) for text, _ in parts], [weight for _, weight in parts], how)

    def _encode(self, text: str) -> Conditioning:
        pipeline: Any = self._pipeline
        if not hasattr(pipeline, "text_encoder_2"):
            embeds, _ = pipeline.encode_prompt(text, pipeline.unet.device, 1, False)
            return Conditioning(embeds)
        embeds, _, pooled, _ = pipeline.encode_prompt(
            text, device=pipeline.unet.device, do_classifier_free_guidance=False
        )
        if not text and pipeline.config.force_zeros_for_empty_prompt:  # what these networks were trained with
            embeds, pooled = torch.zeros_like(embeds), torch.zeros_like(pooled)
        time_ids = torch.tensor([[*self._size, 0, 0, *self._size]], dtype=embeds.dtype, device=embeds.device)
        return Conditioning(embeds, pooled, time_ids)


def mix(parts: Sequence[Conditioning], weights: Sequence[float], how: Blend = "slerp") -> Conditioning:
    """Blend by weight, along the line (lerp) or the arc (slerp, keeps each token's length).

    Weights need not sum to 1. Raises ValueError for a negative one, none above 0, or another ``how``.
    """
    if how not in BLENDS:
        raise ValueError(f"blend must be one of {', '.join(BLENDS)}, got {how!r}")
    if len(parts) != len(weights) or not all(weight >= 0 for weight in weights) or not sum(weights) > 0:
        raise ValueError(f"weights must be one a prompt, none below 0 and one above 0, got {list(weights)}")
    used = [(part, weight) for part, weight in zip(parts, weights, strict=True) if weight]
    mixed, total = used[0]
    for part, weight in used[1:]:
        total += weight
        share = weight / total
        pooled = None
        if mixed.pooled is not None and part.pooled is not None:
            pooled = between(mixed.pooled, part.pooled, share, how)
        mixed = Conditioning(between(mixed.embeds, part.embeds, share, how), pooled, mixed.time_ids)
    return mixed


def between(start: Tensor, end: Tensor, share: float, how: Blend = "slerp") -> Tensor:
    """From ``start`` (share 0) to ``end`` (1); slerp takes the arc between the vectors of the last dimension."""
    line = torch.lerp(start, end, share)
    if how == "lerp":
        return line
    first, second = start.float(), end.float()
    cosine = torch.nn.functional.cosine_similarity(first, second, dim=-1).clamp(-1, 1)[..., None]
    angle = cosine.acos()
    sine = angle.sin().clamp(min=1e-6)
    arc = ((1 - share) * angle).sin() / sine * first + (share * angle).sin() / sine * second
    return torch.where(cosine.abs() > PARALLEL, line, arc.to(line.dtype))
