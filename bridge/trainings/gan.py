"""Trains the GAN on a folder of pictures, or on a film, whose walk it then also knows.

Eight pictures are enough to begin with, a few hundred better. OUT holds the generator (name it with
/frames/gan/folder), sheet.png, written anew every two minutes, log.jsonl and checkpoint.pt. Ctrl-C ends it with a
checkpoint, and --resume goes on from there.
"""

import argparse
from pathlib import Path

from bridge.trainings import Tell

HELP = "the GAN, from a folder of pictures or a film"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders and the sizes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR|VIDEO", help="folder of pictures, or a film")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the generator")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--samples", type=int, metavar="N", help="pictures to learn from in all (default: 200000)")
    parser.add_argument("--first", type=int, metavar="N", help="how many of them before the discriminator (12000)")
    parser.add_argument("--batch", type=int, metavar="N", help="pictures at once (default: 16)")
    parser.add_argument("--seed", type=int, metavar="N", help="of all that is drawn (default: 1)")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="processor cores (default: 1)")


def run(args: argparse.Namespace, tell: Tell) -> int:
    """Train until done or stopped."""
    import torch

    from models.gan.training.data import load
    from models.gan.training.train import Settings, train

    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    names = ("samples", "first", "batch", "seed")
    latents, moving = load(args.data)
    settings = Settings(**{name: getattr(args, name) for name in names if getattr(args, name) is not None})
    train(latents, moving, args.out, settings, resume=args.resume, tell=tell)
    return 0
