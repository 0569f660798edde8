"""Checkpoints of MusicVAE in the formats they are found in, read without TensorFlow and without unpickling."""

import re
import tarfile
from pathlib import Path
from typing import Any

import numpy.typing as npt

from models.music_vae.checkpoints import magenta_js, npz, own, tensorflow
from models.music_vae.checkpoints.source import Archive, Folder, Source
from models.music_vae.configs import Config

Tensors = dict[str, npt.NDArray[Any]]
_PART = re.compile(r"\.(index|data-\d{5}-of-\d{5}|meta)$")


def read(path: Path) -> tuple[Config | None, Tensors]:
    """The tensors of a checkpoint by Magenta's variable names, and its configuration if the file names one.

    ``path`` is a TensorFlow checkpoint's prefix (or one of its files, or its folder), a tar archive with one, an
    `.npz`, a magenta-js folder or a `.safetensors` of ours. Raises OSError if there is nothing, ValueError, with the
    path and the reason, for what is none of these or is damaged.
    """
    path = Path(path)
    if path.is_dir():
        if (path / magenta_js.MANIFEST).is_file():
            return None, magenta_js.read(path)
        return None, _only_bundle(Folder(path), str(path))
    prefix = path.with_name(_PART.sub("", path.name))
    if prefix.with_name(f"{prefix.name}.index").is_file():
        return None, tensorflow.read(Folder(prefix.parent), prefix.name)
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is neither a file or folder of that name nor {path.name}.index")
    if path.suffix == ".safetensors":
        return own.read(path)
    if path.suffix == ".npz":
        return None, npz.read(path)
    if tarfile.is_tarfile(path):
        with Archive(path) as archive:
            return None, _only_bundle(archive, str(path))
    raise ValueError(
        f"{path}: a checkpoint must be a TensorFlow prefix, a tar, .npz, .safetensors or a magenta-js folder"
    )


def _only_bundle(source: Source, where: str) -> Tensors:
    prefixes = [name.removesuffix(".index") for name in source.names() if name.endswith(".index")]
    if len(prefixes) != 1:
        raise ValueError(f"{where}: it must hold one checkpoint (.index), found {prefixes or 'none'}")
    return tensorflow.read(source, prefixes[0])
