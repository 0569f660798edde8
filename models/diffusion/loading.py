"""Loads a pipeline from files that cannot execute anything, without the network unless it is allowed.

Each part is loaded by its own class from a fixed list: what a folder's ``model_index.json`` names beyond it is refused,
code of its own included. The family is told by the configurations, never by a name.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import diffusers
import torch
import transformers
from diffusers.loaders.single_file_utils import SingleFileComponentError
from safetensors import SafetensorError, safe_open

from models.diffusion import families, lora, tokenizer

if TYPE_CHECKING:
    from models.diffusion.prompts import Pipeline

PIPELINES = (
    "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "LatentConsistencyModelPipeline",
    "LatentConsistencyModelImg2ImgPipeline", "StableDiffusionXLPipeline", "StableDiffusionXLImg2ImgPipeline",
)  # fmt: skip
PARTS = {
    "unet": ("diffusers", "UNet2DConditionModel"),
    "vae": ("diffusers", "AutoencoderKL", "AutoencoderTiny"),
    "text_encoder": ("transformers", "CLIPTextModel"),
    "text_encoder_2": ("transformers", "CLIPTextModelWithProjection"),
    "tokenizer": ("transformers", "CLIPTokenizer", "CLIPTokenizerFast"),
    "tokenizer_2": ("transformers", "CLIPTokenizer", "CLIPTokenizerFast"),
}
"""Of each part, the library and the classes that are taken."""
SINGLE_FILE = {
    ("unet",): ("model.diffusion_model.",),
    ("vae",): ("first_stage_model.",),
    ("text_encoder", "text_encoder_2"): ("cond_stage_model.", "conditioner."),
}
"""Where a file in the original layout has each part."""
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
HUB_FILES = ["*.json", "*.txt", "*.safetensors"]
BROKEN = (
    OSError, ValueError, RuntimeError, TypeError, KeyError, AttributeError, IndexError, ImportError, ZeroDivisionError,
    NotImplementedError, AssertionError, SafetensorError, SingleFileComponentError,
)  # fmt: skip
"""What the libraries raise over files that are not as they should be."""


@dataclass(frozen=True)
class Loaded:
    """A pipeline on its device, ready to be streamed."""

    pipeline: Pipeline
    family: str
    """sd, lcm, sd-turbo, sdxl or sdxl-turbo."""


def load(
    checkpoint: str, *, device: str = "cpu", dtype: torch.dtype = torch.float32, autoencoder: str = "",
    loras: str = "", family: str = "auto", network: bool = False,
) -> Loaded:  # fmt: skip
    """Load a diffusers folder, a single .safetensors file in the original layout, or a Hugging Face name.

    A single file is shaped by the ``model_index.json`` and what else lies beside it, or else by the ``family`` that it
    is of (auto: as its weights tell). ``autoencoder`` is a folder with an AutoencoderTiny that takes the place of the
    checkpoint's own, ``loras`` as ``named_loras`` reads. ``network`` lets a Hugging Face name be downloaded; else it
    must be in the cache. Raises OSError or ValueError with the reason.
    """
    place = locate(checkpoint, network=network)
    added = named_loras(loras)
    try:
        folder = place if place.is_dir() else _shaped_by(place, family)
    except BROKEN as error:
        raise ValueError(f"{checkpoint} cannot be loaded: {error}") from error
    index = read_index(folder)
    try:
        parts = _single_file(place, folder, index) if place.is_file() else _folder(folder, index, dtype)
        if autoencoder:
            parts["vae"] = _weights(diffusers.AutoencoderTiny, locate(autoencoder, network=network), None, dtype)
        told = detect_family(parts["unet"].config, parts["scheduler"].config)
        pipeline = _pipeline(parts, index)
        for path, weight in added:
            lora.add(pipeline, path, weight)
        pipeline = pipeline.to(device=device, dtype=dtype)
    except BROKEN as error:
        raise ValueError(f"{checkpoint} cannot be loaded: {error or type(error).__name__}") from error
    if dtype == torch.float16 and getattr(pipeline.vae.config, "force_upcast", False):
        pipeline.vae.to(torch.float32)  # its activations leave the range of 16 bits
    return Loaded(pipeline, told)


def locate(checkpoint: str, *, network: bool = False) -> Path:
    """The folder or file that is meant. Raises OSError or ValueError with the reason."""
    if not checkpoint:
        raise ValueError("checkpoint must name a diffusers folder or a .safetensors file in one, got ''")
    if checkpoint.startswith(("\\\\", "//")):
        raise ValueError(f"checkpoint must be on this machine, got {checkpoint!r}: asking for it would sign in there")
    path = Path(checkpoint).expanduser()
    if path.suffix.lower() in PICKLES:
        raise ValueError(
            f"checkpoint must be .safetensors or a folder, got {checkpoint!r}: a {path.suffix} file can run code when"
            " it is read; convert it where you trust it"
        )
    if path.is_dir():
        return path
    if path.is_file():
        if path.suffix.lower() != ".safetensors":
            raise ValueError(f"checkpoint must be .safetensors or a folder, got {checkpoint!r}")
        return path
    if not HUB_NAME.fullmatch(checkpoint):
        raise FileNotFoundError(f"checkpoint must be there, got {checkpoint!r}")
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(checkpoint, allow_patterns=HUB_FILES, local_files_only=not network))
    except (OSError, ValueError, RuntimeError) as error:
        hint = "" if network else " (it is neither a folder nor in the cache, and the network is not allowed)"
        raise OSError(f"checkpoint {checkpoint!r} cannot be had{hint}: {error}") from error


def named_loras(text: str) -> list[tuple[Path, float]]:
    """``FILE`` or ``FILE:WEIGHT``, several with commas between. Raises OSError or ValueError."""
    found = []
    for each in filter(None, (part.strip() for part in text.split(","))):
        name, _, weight = each.rpartition(":")
        try:
            path, share = name, float(weight)
        except ValueError:
            path, share = each, 1.0
        place = locate(path)
        if not place.is_file():
            raise ValueError(f"a LoRA must be a .safetensors file, got {path!r}")
        found.append((place, share))
    return found


def _shaped_by(place: Path, family: str) -> Path:
    """The folder with a single file's configurations. Raises ValueError."""
    if (place.parent / "model_index.json").is_file():
        return place.parent
    if family != "auto":
        return families.FOLDER / family
    with safe_open(place, "pt") as file:
        return families.folder_of({name: file.get_slice(name).get_shape() for name in file.keys()})  # noqa: SIM118


def read_index(folder: Path) -> dict[str, Any]:
    """A folder's ``model_index.json``, once it names nothing but known classes. Raises OSError or ValueError."""
    path = folder / "model_index.json"
    if not path.is_file():
        raise FileNotFoundError(f"{path} must be there: a diffusers folder has one, and a .safetensors file needs it")
    try:
        index = json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must be JSON: {error}") from error
    if not isinstance(index, dict) or index.get("_class_name") not in PIPELINES:
        got = index.get("_class_name") if isinstance(index, dict) else index
        raise ValueError(f"{path}: the pipeline must be one of {', '.join(PIPELINES)}, got {got!r}")
    double = "XL" in index["_class_name"]
    for part, (library, *classes) in PARTS.items():
        if not double and part.endswith("_2"):
            continue
        named = index.get(part)
        if not isinstance(named, list) or len(named) != 2 or named[0] != library or named[1] not in classes:
            raise ValueError(f"{path}: {part} must be {' or '.join(classes)} of {library}, got {named!r}")
    return index


def detect_family(unet: Any, scheduler: Any) -> str:
    """The family, by the configurations of the U-Net and of the scheduler.

    SDXL is told by its added conditions, LCM by the guidance scale among the inputs, Turbo by timesteps that end at the
    noisiest (so that one step is enough).
    """
    double = unet.get("addition_embed_type") == "text_time"
    turbo = scheduler.get("timestep_spacing") == "trailing"
    if unet.get("time_cond_proj_dim"):
        return "lcm"
    return ("sdxl" if double else "sd") + ("-turbo" if turbo else "")


def _folder(folder: Path, index: dict[str, Any], dtype: torch.dtype) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    for part, (library, *_) in PARTS.items():
        if part not in index or index[part][0] is None:
            continue
        kind = getattr(diffusers if library == "diffusers" else transformers, index[part][1])
        if part.startswith("tokenizer"):
            parts[part] = kind.from_pretrained(folder / part, local_files_only=True, trust_remote_code=False)
        else:
            parts[part] = _weights(kind, folder, part, dtype)
    config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text("utf-8"))
    return parts | {"scheduler": diffusers.LCMScheduler.from_config(config)}


def _weights(kind: Any, folder: Path, part: str | None, dtype: torch.dtype) -> Any:
    """A network with all its weights. Raises ValueError where some are missing."""
    where = {"subfolder": part} if part else {}
    safe = {"use_safetensors": True, "local_files_only": True, "output_loading_info": True}
    name = "dtype" if kind.__module__.startswith("transformers") else "torch_dtype"
    network, told = kind.from_pretrained(folder, **where, **safe, **{name: dtype})
    # The causal mask's positions were stored by old versions, and are no weights.
    missing = sorted(str(key) for key in told.get("missing_keys") or () if not str(key).endswith("position_ids"))
    if missing:
        raise ValueError(f"{part or kind.__name__} lacks {len(missing)} weights, such as {missing[0]}")
    return network.eval()  # torch's Module.eval: layers behave as at inference; it evaluates no text


def _single_file(path: Path, folder: Path, index: dict[str, Any]) -> dict[str, Any]:
    """Everything from one file in the original layout, shaped by the configurations beside it."""
    kind = diffusers.StableDiffusionXLPipeline if "XL" in index["_class_name"] else diffusers.StableDiffusionPipeline
    more: dict[str, Any] = {} if "XL" in index["_class_name"] else {"safety_checker": None}
    if folder.parent == families.FOLDER:  # which has no tokenizer
        wide = json.loads((folder / "text_encoder" / "config.json").read_text("utf-8"))["hidden_act"] == "gelu"
        more["tokenizer"] = tokenizer.find(path.parent, "!" if wide else "<|endoftext|>")
        if "tokenizer_2" in index:
            more["tokenizer_2"] = tokenizer.find(path.parent, "!")
    pipeline = kind.from_single_file(str(path), config=str(folder), local_files_only=True, **more)
    for networks, prefixes in SINGLE_FILE.items():
        wanted = sum(weights.numel() for name in networks for weights in _state(pipeline, name))
        if (held := _held(path, prefixes)) < wanted:  # diffusers would make the rest up
            raise ValueError(f"{' and '.join(networks)} need {wanted} weights, the file holds {held}")
    return {name: part for name, part in pipeline.components.items() if name in PARTS or name == "scheduler"}


def _state(pipeline: Any, name: str) -> list[torch.Tensor]:
    network = getattr(pipeline, name, None)
    return [] if network is None else list(network.state_dict().values())


def _held(path: Path, prefixes: tuple[str, ...]) -> int:
    """How many numbers a file holds under those names, by its header."""
    with safe_open(path, "pt") as file:
        return sum(math.prod(file.get_slice(name).get_shape()) for name in file.keys() if name.startswith(prefixes))  # noqa: SIM118


def _pipeline(parts: dict[str, Any], index: dict[str, Any]) -> Any:
    if "XL" in index["_class_name"]:
        zeros = bool(index.get("force_zeros_for_empty_prompt", True))
        return diffusers.StableDiffusionXLPipeline(**parts, force_zeros_for_empty_prompt=zeros, add_watermarker=False)
    none = {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    return diffusers.StableDiffusionPipeline(**parts, **none)
