"""Trains MusicVAE on two-bar windows of your MIDI files: melodies, what chords make of them, drums, grooves, or drums
to a tapped rhythm.

DATA is a folder of .mid files in 4/4, ten or more; it says what it leaves out, and why. Ctrl-C ends it with a
checkpoint, and --resume goes on from there. OUT then holds the weights, checkpoint.pt and log.jsonl. With --start
models/weights/melody_2bar.safetensors it begins with what the embedded model knows. ANTIPHON_WEIGHTS=OUT makes the
players play it.

--kind chords learns how the melodies of a melody model go over chords: of the embedded one, or of the one that --start
names. Chords are taken from all notes of a file, or from beside it where it is laid out as POP909 is.
"""

import argparse
from pathlib import Path

from bridge.trainings import Tell

HELP = "MusicVAE, from a folder of MIDI files"
KINDS = ("melody", "chords", "drums", "groove", "tap")
"""As `models.music_vae.training.kinds` has them, which is heavy to import."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folders, the kind and its sizes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of MIDI files")
    parser.add_argument("--kind", choices=KINDS, default="melody", help="what to learn (default: %(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of the weights and checkpoints")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights or a checkpoint to begin with")
    parser.add_argument("--steps", type=int, metavar="N", help="batches to train (default: what the shipped model had)")
    parser.add_argument("--batch", type=int, metavar="N", help="windows a batch")
    parser.add_argument("--z-size", type=int, metavar="N", help="latent dimensions")
    parser.add_argument("--encoder", type=int, metavar="N", help="units of the encoder, each way")
    parser.add_argument("--decoder", type=int, nargs="+", metavar="N", help="units of each layer of the decoder")
    parser.add_argument("--seed", type=int, metavar="N", help="of all that is drawn (default: 1)")


def run(args: argparse.Namespace, tell: Tell) -> int:
    """Train until done or stopped, and export the weights."""
    from models.music_vae.training.folder import train_folder

    sizes = {"z_size": args.z_size, "encoder": args.encoder, "decoder": args.decoder}
    train_folder(
        args.kind,
        args.data,
        args.out,
        resume=args.resume,
        sizes={name: value for name, value in sizes.items() if value is not None},
        start=args.start,
        settings={name: getattr(args, name) for name in ("steps", "batch", "seed") if getattr(args, name) is not None},
        tell=tell,
    )
    return 0
