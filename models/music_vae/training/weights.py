"""Weights files: safetensors in half precision, named as Magenta's variables, with the sizes in the metadata."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save as serialise

from models.music_vae.training.network import (
    MELODY,
    HParams,
    MusicVae,
    decoder_cell,
    encoder_cell,
    shapes,
)


def hparams_from(stored: dict[str, object], config: str = MELODY) -> HParams:
    """Sizes from a checkpoint or a weights file."""
    sizes = _sizes(stored["enc_rnn_size"]), _sizes(stored["dec_rnn_size"])
    return HParams(int(str(stored["z_size"])), *sizes, config)


def _sizes(value: object) -> tuple[int, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"hparams: layer sizes must be a list, not {value!r}")
    return tuple(int(size) for size in value)


def write(model: MusicVae, path: Path) -> int:
    """Write `model` as float16; returns the file's size in bytes."""
    tensors = {name: value.detach().numpy().astype(np.float16) for name, value in model.variables.items()}
    wrong = sorted(name for name, value in tensors.items() if not np.isfinite(value).all())
    if wrong:
        raise ValueError(f"weights must be finite in float16; these are not: {', '.join(wrong)}")
    path.parent.mkdir(parents=True, exist_ok=True)
    # By write_bytes, as save_file makes files that only their owner may read.
    path.write_bytes(serialise(tensors, {"config": model.hp.config, "hparams": json.dumps(model.hp.stored())}))
    return path.stat().st_size


def read(path: Path) -> MusicVae:
    """A float32 model from a weights file."""
    with safe_open(path, framework="np") as f:
        metadata = f.metadata() or {}
        if "config" not in metadata or "hparams" not in metadata:
            raise ValueError(f"{path}: the metadata must name config and hparams, found {sorted(metadata) or 'none'}")
        model = MusicVae(hparams_from(json.loads(metadata["hparams"]), metadata["config"]))
        names = set(f.keys())
        for name, shape in shapes(model.hp).items():
            if name not in names:
                raise ValueError(f"{path}: {name} is missing")
            value = f.get_tensor(name)
            if value.shape != shape:
                raise ValueError(f"{path}: {name} must be {shape}, not {value.shape}")
            model.variables[name].data = torch.from_numpy(value.astype(np.float32))
    return model


def with_chords(model: MusicVae, config: str) -> MusicVae:
    """A melody model as one of `config`, with rows for chords, all zero: it does not hear them yet."""
    out = MusicVae(replace(model.hp, config=config))
    chords = out.hp.encoding.control_depth
    before = {decoder_cell(0): model.hp.depth + model.hp.z_size}
    before |= {encoder_cell(direction): model.hp.inputs for direction in ("fw", "bw")}
    for name, value in model.variables.items():
        rows = before.get(name.removesuffix("/kernel"))
        if rows is not None:
            value = torch.cat([value[:rows], value.new_zeros(chords, value.shape[1]), value[rows:]])
        out.variables[name].data = value.detach().clone()
    return out
