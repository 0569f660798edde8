"""Train the embedded two-bar models, judge them and export them.

    python -m models.music_vae.training --kind KIND --data DIR --out DIR [--resume]
    python -m models.music_vae.training export CHECKPOINT OUT.safetensors
    python -m models.music_vae.training evaluate MODEL --data DIR [--part PART] [--json FILE] [--pictures DIR]

KIND is melody (the default), chords, drums, groove or tap. DIR holds POP909, the Groove MIDI Dataset or any MIDI files
in 4/4. MODEL is a checkpoint or a weights file.
"""

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("error: training needs torch, which is missing: pip install 'antiphon[torch]'")

from models.music_vae.training import drum_metrics, metrics, weights
from models.music_vae.training.folder import model_from, say, split, train_folder
from models.music_vae.training.kinds import KINDS, MELODY, kind_of
from models.music_vae.training.settings import Settings

PROGRAM = "python -m models.music_vae.training"


def run_training(args: argparse.Namespace) -> None:
    sizes = {name: getattr(args, name) for name in ("z_size", "encoder", "decoder")}
    given = {f.name: getattr(args, f.name) for f in fields(Settings)}
    train_folder(
        args.kind,
        args.data,
        args.out,
        resume=args.resume,
        sizes={name: value for name, value in sizes.items() if value is not None},
        settings={name: value for name, value in given.items() if value is not None},
        start=args.start,
        every_s=args.checkpoint_every,
    )


def run_export(args: argparse.Namespace) -> None:
    size = weights.write(model_from(args.checkpoint), args.out)
    say(f"{args.out}: {size / 1e6:.2f} MB")


def run_evaluation(args: argparse.Namespace) -> None:
    model = model_from(args.model)
    kind = kind_of(model.hp.config)
    training, validation = split(args.data, args.model.parent / "windows.npz", kind, args.part)
    report = metrics.reconstruction(model, validation, progress=say)
    if not model.hp.encoding.chords:  # `chording` judges what notes are like over chords
        report |= metrics.prior_report(model, training, validation, args.samples)
    text = json.dumps({key: round(value, 4) for key, value in report.items()}, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    if args.pictures and not model.hp.encoding.chords:
        from models.music_vae.training import pictures

        def shown(windows: np.ndarray) -> list[np.ndarray]:
            return list(windows if kind is MELODY else drum_metrics.loudness_of(windows))

        args.pictures.mkdir(parents=True, exist_ok=True)
        chosen = validation[np.random.default_rng(1).permutation(len(validation))[:16]]
        pairs = [np.concatenate([window[None], metrics.reconstructed(model, window, 2)]) for window in chosen]
        groups = [(f"window {n}", shown(pair)) for n, pair in enumerate(pairs)]
        pictures.save(groups, args.pictures / "reconstructions.png")
        samples = shown(metrics.prior(model, 32, seed=2))
        pictures.save([(f"sample {n}", [w]) for n, w in enumerate(samples)], args.pictures / "prior.png")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    trainer = commands.add_parser("train", help="the default: train")
    trainer.set_defaults(run=run_training)
    trainer.add_argument("--kind", choices=KINDS, default="melody", help="what to train (default: %(default)s)")
    trainer.add_argument("--data", type=Path, required=True, help="POP909 or a folder of MIDI files")
    trainer.add_argument("--out", type=Path, required=True, help="folder of the checkpoint and the log")
    trainer.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    trainer.add_argument("--start", type=Path, help="checkpoint or weights to begin with")
    trainer.add_argument("--checkpoint-every", type=float, default=300.0, metavar="SECONDS")
    trainer.add_argument("--z-size", type=int)
    trainer.add_argument("--encoder", type=int, help="units of the encoder, each way")
    trainer.add_argument("--decoder", type=int, nargs="+", help="units of each decoder layer")
    for field in fields(Settings):
        trainer.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), metavar="N")
    exporter = commands.add_parser("export", help="write a checkpoint's weights in half precision")
    exporter.set_defaults(run=run_export)
    exporter.add_argument("checkpoint", type=Path)
    exporter.add_argument("out", type=Path)
    judge = commands.add_parser("evaluate", help="figures on the validation songs")
    judge.set_defaults(run=run_evaluation)
    judge.add_argument("model", type=Path)
    judge.add_argument("--data", type=Path, required=True)
    judge.add_argument("--part", choices=("train", "validation", "test"), default="validation")
    judge.add_argument("--samples", type=int, default=1000, help="of the prior (default: %(default)s)")
    judge.add_argument("--json", type=Path)
    judge.add_argument("--pictures", type=Path)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status, 2 for what the user can mend."""
    given = sys.argv[1:] if arguments is None else arguments
    if given and given[0].startswith("--") and given[0] != "--help":
        given = ["train", *given]
    args = parser().parse_args(given)
    torch.set_num_threads(1)
    try:
        args.run(args)
    except (OSError, ValueError) as error:
        say(f"error: {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
