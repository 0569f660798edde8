"""Which class a sink's or source's process is to load, by name."""

import importlib
from typing import TypeVar

from bridge.media.endpoint import Endpoint

Kind = TypeVar("Kind", bound=Endpoint)


def path_of(endpoint: type[Endpoint]) -> str:
    """``module:Class``, for :func:`load` in another process."""
    return f"{endpoint.__module__}:{endpoint.__qualname__}"


def load(path: str, kind: type[Kind]) -> type[Kind]:
    """Import the class. Raises TypeError where it is of another kind."""
    module, _, name = path.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not (isinstance(found, type) and issubclass(found, kind)):
        raise TypeError(f"{path} must be a {kind.__name__}")
    return found
