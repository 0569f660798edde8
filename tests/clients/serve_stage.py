"""``antiphon serve`` with the models of stage_models instead of the embedded ones."""

import argparse
import asyncio
import sys

import stage_models

from bridge import config
from bridge.addresses import Table
from bridge.server import serve


def main() -> None:
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    table = Table(models=stage_models.MODELS)
    settings = config.load(parser.parse_args())
    asyncio.run(serve(settings, lambda text: print(text, flush=True), table))
    sys.exit(0)


if __name__ == "__main__":
    main()
