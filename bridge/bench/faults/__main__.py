"""``python -m bridge.bench.faults``: the server with the stage's models."""

import argparse
import asyncio
import logging
import sys

from bridge import config


def main() -> int:
    """Serve until the end is asked for."""
    from bridge.addresses import Table
    from bridge.bench.faults import stage
    from bridge.server import serve

    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    table = Table(models=[stage.Chord, stage.Again])
    asyncio.run(serve(config.load(parser.parse_args()), lambda text: print(text, flush=True), table))
    return 0


if __name__ == "__main__":
    sys.exit(main())
