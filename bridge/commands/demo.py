"""``antiphon demo``: plays two melodies into the real server and shows what came back."""

import argparse
import sys
from pathlib import Path

HELP = "play a melody into the bridge, and see and hear its answer"

TEMPO = 112.0
"""Beats per minute."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the demo's flags."""
    parser.add_argument("--out", type=Path, default=Path("out"), metavar="DIR", help="where to write (default: out)")
    parser.add_argument("--no-midi", dest="midi", action="store_false", help="play over OSC alone")


def run(args: argparse.Namespace) -> int:
    """Play, write and print. Returns the exit code: 1 when the demo failed, with the reason on stderr."""
    from bridge.client.server import terminated_in_order
    from bridge.demo.run import DemoError, demo

    try:
        with terminated_in_order():
            demo(args.out, tempo=TEMPO, with_midi=args.midi, tell=lambda text: print(text, flush=True))
    except DemoError as error:
        print(f"antiphon demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("antiphon demo: stopped; the server has ended", file=sys.stderr)
        return 130
    return 0
