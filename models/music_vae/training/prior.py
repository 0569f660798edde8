"""Fits where real music lies in the latent space of a melody or drum model: see `models/music_vae/prior.py`.

``python -m models.music_vae.training.prior WEIGHTS.safetensors --data DIR --out FILE.safetensors``
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from models.music_vae import melody
from models.music_vae.checkpoints import own
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.network import MusicVaeNetwork
from models.music_vae.prior import Prior
from models.music_vae.threads import use_one_thread
from models.music_vae.training import data, drums
from models.music_vae.training.attributes import SHIFTS

BATCH = 256


def melody_input(windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the encoder reads of windows [N, 32], transposed at random."""
    moved = melody.transpose(windows, rng.integers(-SHIFTS, SHIFTS + 1, len(windows)))
    return np.eye(melody.CLASSES, dtype=np.float32)[moved]


def drum_input(windows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What the encoder reads of windows [N, 32] of numbers whose bits are drums."""
    hits = (windows[..., None] >> np.arange(DRUM_CLASSES)) & 1
    return np.concatenate((hits, 1 - hits.max(-1, keepdims=True)), -1).astype(np.float32)


def main(arguments: list[str] | None = None) -> int:
    """Encode windows of the training songs, fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12_000, help="windows to go by")
    parser.add_argument("--spread", type=float, default=1.0, help="of their deviations, the share that is drawn")
    args = parser.parse_args(arguments)
    use_one_thread()
    config, tensors = own.read(args.weights)
    network = MusicVaeNetwork(config, tensors)
    rng = np.random.default_rng(1)
    if config.encoding.kind == "melody":
        read, encode = data.melodies, melody_input
    elif config.encoding.kind == "drums":
        read, encode = drums.drum_windows, drum_input
    else:
        print(f"error: the weights must be of melodies or drums, are of {config.name}", file=sys.stderr)
        return 2
    songs = [(name, found) for name, found in data.read_songs(args.data, read) if not isinstance(found, str)]
    parts = drums.groove_parts(args.data, [name for name, _ in songs])
    parts = parts or tuple(data.part_of(number) for number in range(len(songs)))
    windows = np.concatenate([found for (_, found), part in zip(songs, parts, strict=True) if part == "train"])
    windows = windows[rng.permutation(len(windows))[: args.count]].astype(np.int64)
    pieces = np.array_split(windows, -(-len(windows) // BATCH))
    prior = Prior.fitted(np.concatenate([network.encode(encode(piece, rng))[0] for piece in pieces]), args.spread)
    args.out.write_bytes(save(prior.tensors()))
    print(f"{args.out}: {args.out.stat().st_size} bytes, from {len(windows)} windows of {len(songs)} songs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
