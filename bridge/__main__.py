"""The command ``antiphon``: one subcommand for each module in ``bridge.commands``.

Kept light: every process that is started imports this module again.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand that the arguments name; return its exit code."""
    from bridge import __version__, commands

    parser = argparse.ArgumentParser(prog="antiphon", description="A bridge between performers and generative models.")
    parser.add_argument("--version", action="version", version=f"antiphon {__version__}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"bridge.commands.{found.name}")
        subparser = subparsers.add_parser(found.name, help=module.HELP, description=module.__doc__)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code


if __name__ == "__main__":
    sys.exit(main())
