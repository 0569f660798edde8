"""Weights of one's own in place of the embedded ones: files of the same names in the folder ``ANTIPHON_WEIGHTS``.

What belongs to one network (where attributes lie, how it goes on) only counts if it lies beside that network.
"""

import os
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "weights"
VARIABLE = "ANTIPHON_WEIGHTS"


def find(name: str) -> Path:
    """The file of that name: one's own if there is one, else the embedded one, whether it is there or not.

    Raises FileNotFoundError if the variable names no folder.
    """
    chosen = os.environ.get(VARIABLE)
    if not chosen:
        return FOLDER / name
    if not Path(chosen).is_dir():
        raise FileNotFoundError(f"{VARIABLE} must name a folder, got {chosen!r}")
    own = Path(chosen) / name
    return own if own.is_file() else FOLDER / name


def beside(network: Path, name: str) -> Path | None:
    """The file of that name in the network's own folder, if there is one."""
    path = network.with_name(name)
    return path if path.is_file() else None
