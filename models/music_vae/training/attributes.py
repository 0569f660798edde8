"""Finds where attributes lie in a melody model's latent space, by ridge regression from the posterior's mean.

``python -m models.music_vae.training.attributes --data POP909 --out FILE.safetensors``
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from models.music_vae import melody
from models.music_vae.attributes import ATTRIBUTES, measure
from models.music_vae.implementation import WEIGHTS
from models.music_vae.melodist import Melodist
from models.music_vae.threads import use_one_thread
from models.music_vae.training import data

RIDGE = 1.0
BATCH = 512
LEAST = 4
"""Windows of fewer notes have no contour or syncopation to speak of."""
SHIFTS = 6
"""Semitones up and down by which each window is moved at random, as in training."""


def encode(melodist: Melodist, windows: np.ndarray) -> np.ndarray:
    """The posterior's means [windows, z_size]."""
    return np.concatenate([melodist.encode_steps(part) for part in np.array_split(windows, -(-len(windows) // BATCH))])


def told(windows: np.ndarray, count: int, seed: int) -> np.ndarray:
    """So many of the windows, drawn and transposed at random, with enough notes."""
    rng = np.random.default_rng(seed)
    windows = windows[(windows >= melody.FIRST_NOTE).sum(1) >= LEAST]
    chosen = windows[rng.permutation(len(windows))[:count]]
    return melody.transpose(chosen, rng.integers(-SHIFTS, SHIFTS + 1, len(chosen)))


def fit(z: np.ndarray, values: np.ndarray) -> dict[str, np.ndarray]:
    """Regress values [windows, attributes] on z [windows, z_size]; in the form that `Attributes.read` reads."""
    mean, deviation = values.mean(0), values.std(0)
    standard = (values - mean) / deviation
    centre = z.mean(0)
    weights = np.linalg.solve((z - centre).T @ (z - centre) + RIDGE * np.eye(z.shape[1]), (z - centre).T @ standard).T
    directions = standard.T @ (z - centre) / len(z)
    told = {"mean": mean, "deviation": deviation}
    return {"weights": weights, "directions": directions, "bias": -weights @ centre} | told


def main(arguments: list[str] | None = None) -> int:
    """Fit, tell how much of the validation songs' variance is explained, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="POP909 or a folder of MIDI files")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="the melody model's (default: the embedded one)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("training/windows.npz"), help="where the windows are kept")
    parser.add_argument("--count", type=int, default=20_000, help="windows to learn from")
    args = parser.parse_args(arguments)
    use_one_thread()
    melodist = Melodist(args.weights)
    args.cache.parent.mkdir(parents=True, exist_ok=True)
    training, validation = data.cached(args.data, args.cache, print).split()
    training, validation = told(training, args.count, 1), told(validation, args.count // 4, 2)
    found = fit(encode(melodist, training), measure(training))
    standard = (measure(validation) - found["mean"]) / found["deviation"]
    residual = standard - encode(melodist, validation) @ found["weights"].T - found["bias"]
    for number, name in enumerate(ATTRIBUTES):
        explained = 1 - residual[:, number].var() / standard[:, number].var()
        print(
            f"{name}: mean {found['mean'][number]:.2f}, deviation {found['deviation'][number]:.2f}, R² {explained:.2f}"
        )
    args.out.write_bytes(save({name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}))
    print(f"{args.out}: {args.out.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
