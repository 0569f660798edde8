"""Takes a generator's tensors and configuration from a file, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from models.stylegan.config import Config
from models.stylegan.restricted import MOST_BYTES, Module, RefusedError, Tensor, read

Array = NDArray[np.float32]

DEEPEST = 8
MOST_PARTS = 10_000
"""Parts and tensors of a network; NVIDIA's largest have some 300."""
POSITIONAL = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "mapping_kwargs", "synthesis_kwargs")
KEY = "stylegan"
"""Of the configuration, as JSON, in a .safetensors file's metadata."""


@dataclass(frozen=True)
class Checkpoint:
    """A generator: how it is made, and its tensors (float32) by NVIDIA's names, as ``synthesis.b4.const``."""

    config: Config
    tensors: dict[str, Array]


def load(path: Path) -> Checkpoint:
    """Read NVIDIA's .pkl, or a .safetensors that :func:`save` wrote.

    Raises OSError, or ValueError with the reason for which it is refused.
    """
    try:
        if path.suffix.lower() == ".safetensors":
            if path.stat().st_size > MOST_BYTES:
                raise RefusedError(f"it must be at most {MOST_BYTES // 2**30} GiB")
            return _safetensors(path)
        with path.open("rb") as file:
            size = path.stat().st_size
            return _generator(read(file, size), size)
    except (ValueError, TypeError, RecursionError, SafetensorError) as error:
        raise ValueError(f"{path} is refused: {error}") from error


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write it as .safetensors."""
    save_file(checkpoint.tensors, path, {KEY: json.dumps(asdict(checkpoint.config))})


def _safetensors(path: Path) -> Checkpoint:
    with safe_open(path, "numpy") as file:
        told = json.loads((file.metadata() or {}).get(KEY, "null"))
        if not isinstance(told, dict):
            raise ValueError(f"its metadata must tell its configuration as {KEY}")
        known = set(Config.__dataclass_fields__)
        if "version" not in told or set(told) - known:
            raise ValueError(f"its configuration must have a version, and of {', '.join(sorted(known))} alone")
        tensors = {name: file.get_tensor(name) for name in list(file.keys())}
    if wrong := [name for name, tensor in tensors.items() if tensor.dtype.kind != "f"]:
        raise ValueError(f"{wrong[0]} must be of floats, got {tensors[wrong[0]].dtype}")
    return Checkpoint(Config(**told), {name: tensor.astype(np.float32) for name, tensor in tensors.items()})


def _generator(held: Any, size: int) -> Checkpoint:
    if isinstance(held, dict):
        held = held.get("G_ema") or held.get("G")
    if not isinstance(held, Module):
        raise RefusedError(
            "it holds no generator: a dict with G_ema is expected, as StyleGAN2-ADA and StyleGAN3 write it"
        )
    if held.class_name != "Generator":
        raise RefusedError(f"G_ema must be a Generator, got {held.class_name[:40]}")
    tensors, left = {}, size // 2  # no number takes less than two bytes, but many tensors could share a storage
    for name, tensor in _tensors(held):
        array = tensor.array()
        left -= array.size
        if left < 0:
            raise RefusedError("its tensors have more numbers than the file holds")
        if array.dtype.kind != "f":
            raise RefusedError(f"{name} must be of floats, got {array.dtype}")
        tensors[name] = array.astype(np.float32)
    version = 3 if "synthesis.input.freqs" in tensors else 2
    if version == 2 and "synthesis.b4.const" not in tensors:
        raise RefusedError("its synthesis is neither StyleGAN2's (b4.const) nor StyleGAN3's (input.freqs)")
    clamps = {"conv_clamp": clamp} if (clamp := _clamp(held)) is not MISSING else {}
    return Checkpoint(Config.of(version, clamps | _arguments(held)), tensors)


MISSING = object()


def _clamp(generator: Module) -> Any:
    """What the layers were clamped to: their own attribute, as its default differs between NVIDIA's two releases."""
    for _, part in _parts(generator):
        if "conv_clamp" in part.state and "affine" in _dict(part.state.get("_modules")):
            return part.state["conv_clamp"]
    return MISSING


def _arguments(generator: Module) -> dict[str, Any]:
    given = generator.state.get("_init_args", ())
    if type(given) is not tuple or len(given) > len(POSITIONAL):
        raise RefusedError("its constructor's arguments are not as expected")
    named = generator.state.get("_init_kwargs", {})
    if type(named) is not dict or not all(type(name) is str for name in named):
        raise RefusedError("its constructor's arguments are not as expected")
    return dict(zip(POSITIONAL, given, strict=False)) | named


def _dict(value: Any) -> dict[Any, Any]:
    return value if type(value) is dict else {}


def _parts(module: Module) -> Iterator[tuple[str, Module]]:
    """Every part within, by its path; a bounded number of them, however they hold each other."""
    waiting, seen = [("", module, 0)], 0
    while waiting:
        path, part, depth = waiting.pop()
        inside = _dict(part.state.get("_modules"))
        seen += 1 + len(inside)
        if depth > DEEPEST or seen > MOST_PARTS:
            raise RefusedError(f"its parts go deeper than {DEEPEST} or are more than {MOST_PARTS}")
        yield path, part
        for name, inner in inside.items():
            if isinstance(inner, Module) and type(name) is str:
                waiting.append((f"{path}{name[:80]}.", inner, depth + 1))
            elif inner is not None:
                raise RefusedError(f"{path}{str(name)[:80]} is no part of a network")


def _tensors(generator: Module) -> Iterator[tuple[str, Tensor]]:
    seen = 0
    for path, part in _parts(generator):
        held = _dict(part.state.get("_parameters")) | _dict(part.state.get("_buffers"))
        seen += len(held)
        if seen > MOST_PARTS:
            raise RefusedError(f"it has more than {MOST_PARTS} tensors")
        for name, tensor in held.items():
            if isinstance(tensor, Tensor):
                yield f"{path}{str(name)[:80]}", tensor
            elif tensor is not None:
                raise RefusedError(f"{path}{str(name)[:80]} is no tensor")
