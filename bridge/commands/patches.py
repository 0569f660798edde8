"""``antiphon patches``: writes the patches for Live, Max, TouchDesigner, Pure Data and SuperCollider."""

import argparse
import sys
from pathlib import Path

HELP = "write the patches for Live, Max, TouchDesigner, Pure Data and SuperCollider"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--out`` and ``--check``."""
    parser.add_argument(
        "--out", type=Path, default=Path("patches"), metavar="DIR", help="where to write (default: %(default)s)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a patch is out of date")


def run(args: argparse.Namespace) -> int:
    """Write or check. Returns 1 where a patch is out of date."""
    from bridge.addresses import Table
    from bridge.hosts import generate

    if not args.check:
        for path in generate.write(Table(), args.out):
            print(path)
        return 0
    stale = generate.stale(Table(), args.out)
    for name in stale:
        print(f"{args.out / name} is out of date: antiphon patches --out {args.out} writes it again", file=sys.stderr)
    return 1 if stale else 0
