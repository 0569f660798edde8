"""``antiphon demo``: plays two melodies into the real server and shows what came back."""

import argparse
import sys
from pathlib import Path

HELP = "play a melody into the bridge, and see and hear its answer"

SEED = 1
"""Of the answers: so that everyone's first demo is the one that the README shows."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's flags."""
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where to write (default: out)")
    parser.add_argument(
        "--seed",
        type=_seed,
        default=SEED,
        metavar="N",
        help=f"of the answers: the same gives the same, -1 draws new ones (default: {SEED})",
    )
    parser.add_argument("--no-midi", dest="midi", action="store_false", help="play over OSC alone")


def run(args: argparse.Namespace) -> int:
    """Play, write and print. Returns the exit code: 1 when the demo failed, with the reason on stderr."""
    from bridge.client.server import terminated_in_order
    from bridge.demo.run import DemoError, Plan, demo

    try:
        with terminated_in_order():
            demo(args.out, Plan(seed=args.seed, midi=args.midi), lambda text: print(text, flush=True))
    except DemoError as error:
        print(f"antiphon demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("antiphon demo: stopped; the server has ended", file=sys.stderr)
        return 130
    return 0


def _seed(text: str) -> int:
    seed = int(text)
    if not -1 <= seed < 2**31:
        raise argparse.ArgumentTypeError(f"must be in range -1..{2**31 - 1}, got {text}")
    return seed
