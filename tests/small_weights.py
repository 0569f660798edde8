"""Weights of small networks, drawn at random: quick, and of the right shapes."""

from pathlib import Path

import numpy as np

from models.music_vae import configs, network
from models.music_vae.attributes import ATTRIBUTES, Attributes
from models.music_vae.checkpoints import own

SIZES = {"z_size": 16, "enc_rnn_size": [12], "dec_rnn_size": [16, 16]}


def weights_file(folder: Path, config: str = "cat-mel_2bar_small", mute: bool = False) -> Path:
    """A file of a configuration's weights; ``mute``: the likeliest class is always 0."""
    chosen = configs.find(config).with_hparams(SIZES)
    rng = np.random.default_rng(1)
    tensors = {
        name: rng.standard_normal(shape) * (1.5 / np.sqrt(shape[0]) if len(shape) > 1 else 0.1)
        for name, shape in network.variables(chosen).items()
    }
    if mute:
        tensors["decoder/output_projection/kernel"] *= 0.01
        bias = tensors["decoder/output_projection/bias"]
        tensors["decoder/output_projection/bias"] = np.where(np.arange(len(bias)) == 0, 50.0, 0.0)
    path = folder / f"{config}.safetensors"
    own.write(path, chosen, tensors, np.float16)
    return path


def told_at_random() -> Attributes:
    """Attributes of a network of SIZES that say nothing."""
    rng = np.random.default_rng(3)
    rows = (len(ATTRIBUTES), SIZES["z_size"])
    return Attributes(
        *(rng.standard_normal(rows).astype(np.float32) for _ in range(2)),
        np.zeros(len(ATTRIBUTES), np.float32),
        np.array([10, 70, 0.3, 0], np.float32),
        np.array([4, 7, 0.2, 5], np.float32),
    )
