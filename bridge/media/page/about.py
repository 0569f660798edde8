"""What control tells media about itself, so that it can serve the page and OSCQuery."""

from typing import Any

import msgspec

from bridge.addresses import Table


class About(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Given to each media process when it is started."""

    osc: tuple[str, int]
    """Host and port at which control listens to OSC over TCP and UDP; the host may be one that stands for all."""
    table: dict[str, Any]
    """As :func:`described`."""
    token: str = ""
    """What whoever comes from another machine must know to control; empty where nobody can come from there."""
    oscquery: Any = None
    """The socket that listens at OSCQuery's port; None where it is not wanted."""
    announce: bool = False
    """Whether zeroconf tells the network of OSC and OSCQuery."""


def described(table: Table, version: str) -> dict[str, Any]:
    """Return the table in plain values: ``version``, ``entries`` as ``addresses.Address``, and ``models``."""
    models = [
        {
            "name": model.name,
            "slot": table.slot(model),
            "doc": (model.__doc__ or "").strip(),
            "extra": model.extra,
            "parameters": table.model_paths(model),
            "at_load": [path for name, path in table.model_paths(model).items() if model.params()[name].at_load],
        }
        for model in table.models
    ]
    return {"version": version, "entries": msgspec.to_builtins(list(table.entries.values())), "models": models}
