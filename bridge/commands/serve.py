"""``antiphon serve``: the bridge itself."""

import argparse
import asyncio
import logging
from pathlib import Path

from bridge import config

HELP = "run the bridge"
ANNOUNCED = "antiphon.announced"
LOG_BYTES, LOG_FILES = 1_000_000, 6
"""Of each file, and how many there are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each setting."""
    config.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C. Returns the exit code: 2 for settings that are not allowed, 1 when it cannot start."""
    from bridge.server import serve

    logging.basicConfig(format="%(message)s", level=logging.INFO)
    try:
        settings = config.load(args)
        if settings.log:
            _log_to(Path(settings.log))
        asyncio.run(serve(settings, _announce))
    except OSError as error:
        logging.getLogger("antiphon").error("cannot start: %s", error)
        return 1
    except ValueError as error:
        logging.getLogger("antiphon").error("%s", error)
        return 2
    print("Antiphon has ended, no note is sounding.")
    return 0


def _announce(text: str) -> None:
    """Tell the user that something is up."""
    print(text, flush=True)
    if len(logging.getLogger().handlers) > 1:  # there is a file, which nobody prints to
        logging.getLogger(ANNOUNCED).info(text)


def _log_to(path: Path) -> None:
    """Log to a file as well, which rotates: what runs for months must not fill the disk. Raises OSError."""
    from logging.handlers import RotatingFileHandler

    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES - 1, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    for shown in root.handlers:
        shown.addFilter(lambda record: record.name != ANNOUNCED)  # it was printed
    root.addHandler(handler)
