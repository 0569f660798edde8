"""`python -m models.music_vae.training --data DIR --out DIR [--resume]`: train the two-bar melody model."""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch

from models.music_vae.training import data, metrics
from models.music_vae.training.network import HParams, MusicVae
from models.music_vae.training.train import Settings, train


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m models.music_vae.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--z-size", type=int, default=128)
    parser.add_argument("--encoder", type=int, default=256)
    parser.add_argument("--decoder", type=int, nargs="+", default=[256, 256])
    for field in fields(Settings):
        parser.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    cache = args.out / "windows.npz"
    if cache.exists():
        windows = data.Windows.load(cache)
    else:
        windows = data.read(args.data, lambda line: print(line, file=sys.stderr, flush=True))
        windows.save(cache)
    training, validation = windows.split()
    print(f"{len(training)} windows to train on, {len(validation)} to validate", file=sys.stderr, flush=True)
    some = validation[np.random.default_rng(0).permutation(len(validation))[:1024]]
    log = (args.out / "log.jsonl").open("a", buffering=1)

    def report(values: dict[str, float]) -> None:
        line = json.dumps({k: round(v, 4) for k, v in values.items()})
        print(line, flush=True)
        log.write(line + "\n")

    def validate(model: MusicVae) -> dict[str, float]:
        return metrics.reconstruction(model, some)

    settings = Settings(**{f.name: getattr(args, f.name) for f in fields(Settings)})
    hparams = HParams(args.z_size, (args.encoder,), tuple(args.decoder))
    train(training, args.out, hparams, settings, resume=args.resume, report=report, validate=validate)
    return 0


if __name__ == "__main__":
    sys.exit(main())
