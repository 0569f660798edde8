"""Weights files: safetensors in half precision, named as Magenta's variables, with the sizes in the metadata."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import save as serialise

from models.music_vae import melody
from models.music_vae.progression import PITCH_CLASSES, TONES
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


CARRIED = 1.5
"""The weight with which a unit hears whether its pitch class is in the chord."""
OPEN = 6.0
"""A bias that holds a gate open, negative shut."""
LEAN = 1.2
"""What a pitch class in the chord, or not, adds to the logits of its pitches, about."""


def with_chords(model: MusicVae, config: str) -> MusicVae:
    """A melody model as one of `config`: the same without chords; with them their tones are likelier.

    Each layer of the decoder gets twelve units more, which carry what pitch classes are in the chord to the logits. A
    network learns that from nothing only slowly; from there it learns how much of it is right, where, in minutes.
    """
    decoder = tuple(size + PITCH_CLASSES for size in model.hp.dec_rnn_size)
    out = MusicVae(replace(model.hp, config=config, dec_rnn_size=decoder))
    chords, below = out.hp.encoding.control_depth, model.hp.depth + model.hp.z_size
    placed: dict[str, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
    for direction in ("fw", "bw"):
        (units,) = model.hp.enc_rnn_size
        placed[encoder_cell(direction)] = [(model.hp.inputs, chords), (units, 0)], [(4 * units, 0)]
    for n, size in enumerate(model.hp.dec_rnn_size):
        more = PITCH_CLASSES if n else chords
        placed[decoder_cell(n)] = [(below, more), (size, PITCH_CLASSES)], 4 * [(size, PITCH_CLASSES)]
        below = size
    states = [(size, PITCH_CLASSES) for size in model.hp.dec_rnn_size for _ in "ch"]
    placed["decoder/z_to_initial_state"] = [(model.hp.z_size, 0)], states
    placed["decoder/output_projection"] = [(below, PITCH_CLASSES)], [(model.hp.depth, 0)]
    for name, value in model.variables.items():
        rows, columns = placed.get(name.rpartition("/")[0], ([(len(value), 0)], [(value.shape[-1], 0)]))
        data = out.variables[name].data.zero_()
        if value.dim() == 1:
            data[places(columns)] = value.detach()
        else:
            data[places(rows)[:, None], places(columns)] = value.detach()
    tones = torch.from_numpy(2.0 * TONES - 1.0).float() * torch.from_numpy(TONES.any(1, keepdims=True))
    first = model.hp.depth + model.hp.z_size
    for n, size in enumerate(decoder):
        kernel, bias = (out.variables[f"{decoder_cell(n)}/{part}"].data for part in ("kernel", "bias"))
        opened, heard, kept, told = (slice((gate + 1) * size - PITCH_CLASSES, (gate + 1) * size) for gate in range(4))
        kernel[first : first + len(tones), heard] = CARRIED * tones
        bias[opened], bias[kept], bias[told] = OPEN, -OPEN, OPEN
        tones, first = torch.eye(PITCH_CLASSES), size - PITCH_CLASSES
    pitch_class = (torch.arange(melody.MIN_PITCH, melody.MAX_PITCH + 1)) % PITCH_CLASSES
    projection = out.variables["decoder/output_projection/kernel"].data
    projection[-PITCH_CLASSES:, melody.FIRST_NOTE :] = LEAN * torch.eye(PITCH_CLASSES)[:, pitch_class]
    return out


def places(blocks: list[tuple[int, int]]) -> torch.Tensor:
    """Where successive blocks are, if so many places are put after each: pairs of a size and that number."""
    found, before = [], 0
    for size, more in blocks:
        found.append(torch.arange(before, before + size))
        before += size + more
    return torch.cat(found)
