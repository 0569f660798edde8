"""A pipeline's weights under the names of the original Stable Diffusion code, as single files have them."""

import re
from typing import Any

from torch import Tensor

RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
UNET = {
    "time_embedding.linear_1": "time_embed.0", "time_embedding.linear_2": "time_embed.2",
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2",
    "down_blocks.0.resnets.0": "input_blocks.1.0", "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
    "down_blocks.1.resnets.0": "input_blocks.3.0", "down_blocks.1.attentions.0": "input_blocks.3.1",
    "mid_block.resnets.0": "middle_block.0", "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "up_blocks.0.resnets.0": "output_blocks.0.0", "up_blocks.0.attentions.0": "output_blocks.0.1",
    "up_blocks.0.resnets.1": "output_blocks.1.0", "up_blocks.0.attentions.1": "output_blocks.1.1",
    "up_blocks.0.upsamplers.0.conv": "output_blocks.1.2.conv",
    "up_blocks.1.resnets.0": "output_blocks.2.0", "up_blocks.1.resnets.1": "output_blocks.3.0",
}  # fmt: skip
ATTENTION = {"group_norm": "norm", "to_q": "q", "to_k": "k", "to_v": "v", "to_out.0": "proj_out"}
LEVELS = 4


def original_layout(pipeline: Any) -> dict[str, Tensor]:
    """Of a tiny pipeline of kind sd with an AutoencoderKL."""
    found: dict[str, Tensor] = {}
    for name, value in pipeline.unet.state_dict().items():
        found[f"model.diffusion_model.{_unet(name)}"] = value
    for name, value in pipeline.vae.state_dict().items():
        renamed = _vae(name)
        attention = "attn_1" in renamed and renamed.endswith("weight") and ".norm." not in renamed
        found[f"first_stage_model.{renamed}"] = value[..., None, None] if attention else value
    for name, value in pipeline.text_encoder.state_dict().items():
        name = name if name.startswith("text_model.") else f"text_model.{name}"
        found[f"cond_stage_model.transformer.{name}"] = value
    return {name: value.contiguous() for name, value in found.items()}


def _unet(name: str) -> str:
    start = next(prefix for prefix in UNET if name.startswith(f"{prefix}."))
    rest = name[len(start) + 1 :]
    if "resnets" in start:
        part, _, end = rest.partition(".")
        rest = f"{RESNET[part]}.{end}"
    return f"{UNET[start]}.{rest}"


def _vae(name: str) -> str:
    name = name.replace("conv_norm_out", "norm_out").replace("conv_shortcut", "nin_shortcut")
    name = re.sub(r"down_blocks\.(\d)\.resnets\.(\d)", r"down.\1.block.\2", name)
    name = re.sub(r"down_blocks\.(\d)\.downsamplers\.0", r"down.\1.downsample", name)
    up = re.match(r"decoder\.up_blocks\.(\d)\.", name)
    if up:
        level = LEVELS - 1 - int(up[1])
        name = re.sub(r"up_blocks\.\d\.resnets\.(\d)", rf"up.{level}.block.\1", name)
        name = re.sub(r"up_blocks\.\d\.upsamplers\.0", f"up.{level}.upsample", name)
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda found: f"mid.block_{int(found[1]) + 1}", name)
    for ours, theirs in ATTENTION.items():
        name = name.replace(f"mid_block.attentions.0.{ours}.", f"mid.attn_1.{theirs}.")
    return name
