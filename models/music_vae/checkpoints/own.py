"""Antiphon's own format: one safetensors file, tensors by Magenta's variable names.

Its metadata says what it is: ``config`` the configuration's name, ``hparams`` its sizes in JSON. Tensors are float32 or
float16 (half the size; 2-bar logits move by about 0.01).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from models.music_vae.configs import Config, find

Tensors = dict[str, npt.NDArray[Any]]


def read(path: Path) -> tuple[Config, Tensors]:
    """The configuration that a file names, with its sizes, and its tensors.

    Raises OSError if it cannot be opened, ValueError with the path and the reason if it is not of this format.
    """
    try:
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a mapping)
    except (SafetensorError, TypeError) as error:  # TypeError: a dtype that numpy lacks, as bfloat16
        raise ValueError(f"{path}: not a safetensors file of float16 or float32: {error}") from error
    if "config" not in metadata:
        raise ValueError(f"{path}: the metadata must name the 'config', found {sorted(metadata) or 'none'}")
    try:
        hparams = json.loads(metadata.get("hparams", "{}"))
        if not isinstance(hparams, dict):
            raise ValueError(f"hparams must be an object, got {hparams!r}")
        return find(metadata["config"]).with_hparams(hparams), tensors
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def write(
    path: Path, config: Config, tensors: Mapping[str, npt.NDArray[Any]], dtype: npt.DTypeLike = np.float32
) -> None:
    """Write tensors with what :func:`read` needs; replaces the file only once it is whole."""
    hparams = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in ((name, getattr(config.hparams, name)) for name in SIZES)
    }
    metadata = {"config": config.name, "hparams": json.dumps(hparams)}
    partial = path.with_name(path.name + ".part")
    try:
        save_file({name: np.ascontiguousarray(array, dtype) for name, array in tensors.items()}, partial, metadata)
        partial.chmod(0o644)  # the library makes it readable by its owner only
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


SIZES = ("max_seq_len", "z_size", "enc_rnn_size", "dec_rnn_size", "nade_num_hidden")
"""The hparams that a network's shapes follow from."""
