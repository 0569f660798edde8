"""Finds where attributes lie in a model's latent space, by ridge regression from the posterior's mean.

``python -m models.music_vae.training.attributes --data POP909 --out FILE.safetensors``
``python -m models.music_vae.training.attributes --kind drums --data groove --out FILE.safetensors``
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from models.music_vae import attributes, drum_attributes, melody, own_weights
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drummer import Drummer
from models.music_vae.melodist import Melodist
from models.music_vae.threads import use_one_thread
from models.music_vae.training.folder import split
from models.music_vae.training.kinds import KINDS

RIDGE = 1.0
BATCH = 512
LEAST = 4
"""Windows of fewer notes have no contour or syncopation to speak of."""
SHIFTS = 6
"""Semitones up and down by which each window is moved at random, as in training."""


class Melodies:
    """What the attributes of melodies are found with."""

    names, kind, weights = attributes.ATTRIBUTES, KINDS["melody"], "melody_2bar.safetensors"
    measure = staticmethod(attributes.measure)

    def __init__(self, weights: Path) -> None:
        melodist = Melodist(weights)
        self.encode = melodist.encode_steps

    @staticmethod
    def told(windows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """So many of the windows, drawn and transposed at random, with enough notes."""
        windows = windows[(windows >= melody.FIRST_NOTE).sum(1) >= LEAST]
        chosen = windows[rng.permutation(len(windows))[:count]]
        return melody.transpose(chosen, rng.integers(-SHIFTS, SHIFTS + 1, len(chosen)))


class Drums:
    """The same of drums."""

    names, kind, weights = drum_attributes.DRUM_ATTRIBUTES, KINDS["drums"], "drums_2bar.safetensors"
    measure = staticmethod(drum_attributes.measure)

    def __init__(self, weights: Path) -> None:
        drummer = Drummer([weights])
        self.encode = lambda hits: drummer.posterior(hits)[0]

    @staticmethod
    def told(windows: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
        """So many of the windows, drawn at random, with enough hits: [count, 32, 9]."""
        hits = (windows[:, :, None] >> np.arange(DRUM_CLASSES) & 1).astype(np.float32)
        hits = hits[hits.sum((1, 2)) >= 2 * LEAST]
        return hits[rng.permutation(len(hits))[:count]]


def encode(what: Melodies | Drums, windows: np.ndarray) -> np.ndarray:
    """The posterior's means [windows, z_size]."""
    return np.concatenate([what.encode(part) for part in np.array_split(windows, -(-len(windows) // BATCH))])


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
    kinds = {"melody": Melodies, "drums": Drums}
    parser.add_argument("--kind", choices=kinds, default="melody", help="(default: %(default)s)")
    parser.add_argument("--data", type=Path, required=True, help="POP909, the Groove MIDI Dataset or other MIDI files")
    parser.add_argument("--weights", type=Path, help="the model's (default: the embedded one)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="where the windows are kept (default: training/KIND.npz)")
    parser.add_argument("--count", type=int, default=20_000, help="windows to learn from")
    args = parser.parse_args(arguments)
    use_one_thread()
    kind = kinds[args.kind]
    what = kind(args.weights or own_weights.FOLDER / kind.weights)
    cache = args.cache or Path("training", f"{args.kind}.npz")
    cache.parent.mkdir(parents=True, exist_ok=True)
    training, validation = split(args.data, cache, kind.kind)
    training = what.told(training, args.count, np.random.default_rng(1))
    validation = what.told(validation, args.count // 4, np.random.default_rng(2))
    found = fit(encode(what, training), what.measure(training))
    standard = (what.measure(validation) - found["mean"]) / found["deviation"]
    residual = standard - encode(what, validation) @ found["weights"].T - found["bias"]
    for number, name in enumerate(what.names):
        explained = 1 - residual[:, number].var() / standard[:, number].var()
        print(
            f"{name}: mean {found['mean'][number]:.2f}, deviation {found['deviation'][number]:.2f}, R² {explained:.2f}"
        )
    args.out.write_bytes(save({name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}))
    print(f"{args.out}: {args.out.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
