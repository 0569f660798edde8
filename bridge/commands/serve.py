"""``antiphon serve``: the bridge itself."""

import argparse
import asyncio
import logging

from bridge import config

HELP = "run the bridge"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting."""
    config.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Returns the exit code: 2 for settings that are not allowed, 1 when it cannot start."""
    from bridge.server import serve

    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        asyncio.run(serve(config.load(args), lambda text: print(text, flush=True)))
    except OSError as error:
        logging.getLogger("antiphon").error("cannot start: %s", error)
        return 1
    except ValueError as error:
        logging.getLogger("antiphon").error("%s", error)
        return 2
    print("Antiphon has ended, no note is sounding.")
    return 0
