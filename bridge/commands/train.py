"""``antiphon train NAME``: trains a model on your own data."""

import argparse
import importlib
import sys

from bridge import trainings
from bridge.announce import announced

HELP = "train a model on your own data (needs the extra torch)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each module in ``bridge.trainings``."""
    commands = parser.add_subparsers(dest="training", required=True, metavar="NAME")
    for name in trainings.names():
        module = importlib.import_module(trainings.module_of(name))
        subparser = commands.add_parser(name, help=module.HELP, description=module.__doc__)
        module.add_arguments(subparser)
        subparser.set_defaults(train=module.run)


def run(args: argparse.Namespace) -> int:
    """Train; returns the exit code: 2 for what the user can mend, 130 where it was interrupted before it began."""
    name = f"{args.training} to {args.out}" if getattr(args, "out", None) else args.training
    try:
        with announced("training", name) as tell:
            code: int = args.train(args, tell)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in trainings.PACKAGES:
            raise
        missing = f"training needs {error.name}, which is missing: pip install 'antiphon[torch]'"
        print(f"antiphon train {args.training}: {missing}", file=sys.stderr)
        return 2
    except (OSError, ValueError) as error:
        print(f"antiphon train {args.training}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"antiphon train {args.training}: stopped", file=sys.stderr)
        return 130
    return code
