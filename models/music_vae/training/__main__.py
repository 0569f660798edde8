"""Train the embedded two-bar melody model, judge it and export it.

    python -m models.music_vae.training --data DIR --out DIR [--resume]
    python -m models.music_vae.training export CHECKPOINT OUT.safetensors
    python -m models.music_vae.training evaluate MODEL --data DIR [--json FILE] [--pictures DIR]

DIR holds POP909 or any MIDI files in 4/4. MODEL is a checkpoint or a weights file.
"""

import argparse
import json
import signal
import sys
import time
from dataclasses import fields
from pathlib import Path
from types import FrameType

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("error: training needs torch, which is missing: pip install 'antiphon[torch]'")

from models.music_vae.training import data, metrics, weights
from models.music_vae.training.network import HParams, MusicVae
from models.music_vae.training.train import Settings, load, train

PROGRAM = "python -m models.music_vae.training"


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def split(folder: Path, cache: Path) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation windows of a folder; both must have some."""
    windows = data.cached(folder, cache, say)
    training, validation = windows.split()
    if not len(training) or not len(validation):
        rule = f"at least {data.VALIDATION_EVERY} songs are needed, as every {data.VALIDATION_EVERY}th is validation"
        raise ValueError(f"training data: {rule}; {folder} has {len(windows.songs)}")
    say(f"{len(windows.songs)} songs; {len(training)} windows to train on, {len(validation)} to validate")
    return training, validation


def run_training(args: argparse.Namespace) -> None:
    checkpoint = args.out / "checkpoint.pt"
    if checkpoint.exists() and not args.resume:
        raise FileExistsError(f"{checkpoint} exists: add --resume to go on with it, or name another --out")
    args.out.mkdir(parents=True, exist_ok=True)
    training, validation = split(args.data, args.out / "windows.npz")
    some = validation[np.random.default_rng(0).permutation(len(validation))[:1024]]
    settings = Settings(**{f.name: getattr(args, f.name) for f in fields(Settings)})
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopping.append(number)
        say("stopping after this step, with a checkpoint")

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    started = time.monotonic()
    with (args.out / "log.jsonl").open("a", buffering=1) as log:

        def report(values: dict[str, float]) -> None:
            rounded = {key: round(value, 4) for key, value in values.items()}
            log.write(json.dumps(rounded) + "\n")
            share = values["step"] / settings.steps
            shown = "  ".join(f"{key} {value}" for key, value in rounded.items() if key != "step")
            say(f"{share:4.0%}  {time.monotonic() - started:6.0f} s  step {values['step']}/{settings.steps}  {shown}")

        train(
            training,
            args.out,
            HParams(args.z_size, (args.encoder,), tuple(args.decoder)),
            settings,
            resume=args.resume,
            report=report,
            validate=lambda model: metrics.reconstruction(model, some),
            every_s=args.checkpoint_every,
            stop=lambda: bool(stopping),
        )
    say(f"{checkpoint}; export it with: {PROGRAM} export {checkpoint} OUT.safetensors")


def model_from(path: Path) -> MusicVae:
    """A float32 model from a checkpoint or a weights file."""
    if not path.is_file():
        raise FileNotFoundError(f"model: {path} is not a file")
    if path.suffix == ".safetensors":
        return weights.read(path)
    state = load(path)
    model = MusicVae(weights.hparams_from(state["hparams"]))  # type: ignore[arg-type]
    model.load_state_dict(state["model"])  # type: ignore[arg-type]
    return model


def run_export(args: argparse.Namespace) -> None:
    size = weights.write(model_from(args.checkpoint), args.out)
    say(f"{args.out}: {size / 1e6:.2f} MB")


def run_evaluation(args: argparse.Namespace) -> None:
    model = model_from(args.model)
    training, validation = split(args.data, args.model.parent / "windows.npz")
    report = metrics.reconstruction(model, validation, progress=say)
    report |= metrics.prior_report(model, training, validation)
    text = json.dumps({key: round(value, 4) for key, value in report.items()}, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    if args.pictures:
        from models.music_vae.training import pictures

        args.pictures.mkdir(parents=True, exist_ok=True)
        chosen = validation[np.random.default_rng(1).permutation(len(validation))[:16]]
        pictures.save(
            [(f"window {n}", [w, *metrics.reconstructed(model, w, 2)]) for n, w in enumerate(chosen)],
            args.pictures / "reconstructions.png",
        )
        samples = metrics.prior(model, 32, seed=2)
        pictures.save([(f"sample {n}", [w]) for n, w in enumerate(samples)], args.pictures / "prior.png")


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    trainer = commands.add_parser("train", help="the default: train")
    trainer.set_defaults(run=run_training)
    trainer.add_argument("--data", type=Path, required=True, help="POP909 or a folder of MIDI files")
    trainer.add_argument("--out", type=Path, required=True, help="folder of the checkpoint and the log")
    trainer.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    trainer.add_argument("--checkpoint-every", type=float, default=300.0, metavar="SECONDS")
    trainer.add_argument("--z-size", type=int, default=128)
    trainer.add_argument("--encoder", type=int, default=256, help="units of the encoder, each way")
    trainer.add_argument("--decoder", type=int, nargs="+", default=[256, 256], help="units of each decoder layer")
    for field in fields(Settings):
        trainer.add_argument("--" + field.name.replace("_", "-"), type=type(field.default), default=field.default)
    exporter = commands.add_parser("export", help="write a checkpoint's weights in half precision")
    exporter.set_defaults(run=run_export)
    exporter.add_argument("checkpoint", type=Path)
    exporter.add_argument("out", type=Path)
    judge = commands.add_parser("evaluate", help="figures on the validation songs")
    judge.set_defaults(run=run_evaluation)
    judge.add_argument("model", type=Path)
    judge.add_argument("--data", type=Path, required=True)
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
