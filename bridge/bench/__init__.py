"""The benches, found by name: ``antiphon bench NAME`` runs the module (or package) of that name in this folder.

Each has a line ``HELP``, the usual length ``SECONDS`` of its longest part, and
``measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]``, which raises BenchError when nothing could be
measured; a figure that could not be taken has the value None and says why.
"""

import pkgutil


class BenchError(Exception):
    """Why a bench could not be run, for whoever started it."""


def names() -> tuple[str, ...]:
    """Every bench, by name."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))
