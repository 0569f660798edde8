"""``antiphon bench NAME``: measures a part of the bridge, against its goals."""

import argparse
import importlib
import sys
from pathlib import Path

from bridge import bench

HELP = "measure latencies, rates and starts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benches' names and flags."""
    parser.add_argument("name", choices=bench.names(), help="which bench")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the figures")
    parser.add_argument("--count", type=_count, metavar="N", help="how often, where that is counted (default: its own)")
    parser.add_argument("--seconds", type=_seconds, metavar="N", help="length of the longest part (default: its own)")


def run(args: argparse.Namespace) -> int:
    """Measure, print a table and write the JSON. Returns the exit code: 1 when nothing could be measured.

    A goal that is missed is no failure of the bench: the table and the JSON tell.
    """
    from bridge.client.server import terminated_in_order
    from bridge.measure.files import reason, require_space
    from bridge.measure.machine import load, machine
    from bridge.measure.report import Report, table

    module = importlib.import_module(f"bridge.bench.{args.name}")
    try:
        if args.json:
            require_space(args.json.parent, 1 << 16)
        about = machine()
        with terminated_in_order():
            much = args.count or module.COUNT if hasattr(module, "COUNT") else args.seconds or module.SECONDS
            figures = module.measure(much, lambda text: print(text, flush=True))
        about.load_after = load()
        if args.json:
            Report(about, figures).write(args.json)
    except bench.BenchError as error:
        print(f"antiphon bench {args.name}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"antiphon bench {args.name}: {reason(args.json or Path(), error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"antiphon bench {args.name}: stopped, nothing was written", file=sys.stderr)
        return 130
    print(f"\n{about.cpu}, {about.cores} cores, load {about.load_before} before and {about.load_after} after\n")
    print(table(figures))
    return 0


def _count(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 1_000_000:
        raise argparse.ArgumentTypeError(f"must be in range 1..1000000, got {text}")
    return count


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"must be in range 1..3600 seconds, got {text}")
    return seconds
