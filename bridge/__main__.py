"""The command ``antiphon``: one subcommand for each module in ``bridge.commands``.

Kept light: every process that is started imports this module again.
"""

import argparse
import importlib
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any


def main(argv: Sequence[str] | None = None) -> int:
    """Run the subcommand that the arguments name; return its exit code."""
    from bridge import commands

    parser = argparse.ArgumentParser(prog="antiphon", description="A bridge between performers and generative models.")
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for found in pkgutil.iter_modules(commands.__path__):
        module = importlib.import_module(f"bridge.commands.{found.name}")
        subparser = subparsers.add_parser(found.name, help=module.HELP, description=module.__doc__)
        module.add_arguments(subparser)
        subparser.set_defaults(run=module.run)
    args = parser.parse_args(argv)
    code: int = args.run(args)
    return code


class _Version(argparse.Action):
    """Looked up only where it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from bridge import version

        print(f"antiphon {version()}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
