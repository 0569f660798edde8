"""MusicVAE: Magenta's latent-space music model, exact, in numpy.

>>> network = from_checkpoint("model.ckpt", config="cat-mel_2bar_small")
>>> mu, sigma = network.encode(x)
>>> steps = list(network.decode(mu, length=32, temperature=0.5, seed=1))
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.music_vae.network import MusicVaeNetwork, Precision


def from_checkpoint(
    path: str | Path,
    config: str | None = None,
    hparams: Mapping[str, Any] | None = None,
    precision: "Precision" = "float32",
) -> "MusicVaeNetwork":
    """The network of a checkpoint.

    ``path`` is a TensorFlow prefix (`model.ckpt`) or a tar archive with one, an `.npz` of Magenta's variables, a
    magenta-js folder, or our own `.safetensors`, which names its configuration itself. ``config`` is one of Magenta's
    names; ``hparams`` are the sizes that differ from it, as ``{"z_size": 24, "enc_rnn_size": [40]}``. ``precision``
    float32 is exact, int8 nearly so and faster for the big ones. Raises OSError if there is nothing, ValueError, with
    the reason, if it is damaged or does not fit the configuration.
    """
    from models.music_vae import checkpoints, configs
    from models.music_vae.network import MusicVaeNetwork

    found, tensors = checkpoints.read(Path(path))
    chosen = configs.find(config) if config is not None else found
    if chosen is None:
        raise ValueError(f"{path}: this format does not name its configuration: say which one config is")
    if found is not None and chosen.name == found.name:
        chosen = found
    return MusicVaeNetwork(chosen.with_hparams(hparams or {}), tensors, precision)
