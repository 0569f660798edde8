"""What every worker does first."""

import contextlib
import importlib
import os
from collections.abc import Callable
from typing import TypeVar

from bridge.channel import Channel
from bridge.workers import messages as m
from models.contract import Model

Kind = TypeVar("Kind", bound=Model)
Loaded = TypeVar("Loaded")

NICENESS = 10


def declaration_path(model: type[Model]) -> str:
    """The ``module:Class`` by which a worker finds the declaration again."""
    return f"{model.__module__}:{model.__qualname__}"


def load_declaration(path: str, kind: type[Kind]) -> type[Kind]:
    """Import a declaration. Raises TypeError when it is of another kind."""
    module, _, name = path.partition(":")
    model = getattr(importlib.import_module(module), name)
    if not (isinstance(model, type) and issubclass(model, kind)):
        raise TypeError(f"{path} must be a {kind.__name__}")
    return model


def lower_priority() -> None:
    """Yield to the processes that notes and packets wait for."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(NICENESS)


def load_or_explain(load: Callable[[], Loaded], channel: Channel[m.Command]) -> Loaded:
    """Load a model; where that fails tell control why, and exit."""
    try:
        return load()
    except (ImportError, OSError, ValueError) as error:
        channel.send(m.Problem(f"the model could not be loaded: {error}"))
        raise SystemExit(1) from error
