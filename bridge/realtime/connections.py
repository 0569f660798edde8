"""What our ports on JACK were connected to, kept from one start to the next."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from bridge.measure.files import writing

FILE = "jack-connections.json"
MOST_SERVERS = 16
MOST = 32
"""Connections of a port that are kept: the newest."""

_Known = dict[str, dict[str, list[str]]]
"""By server, then by our port's short name."""


def load(folder: Path | None, server: str) -> dict[str, list[str]]:
    """Return the ports of others by our port's short name; none where nothing readable was kept."""
    return _read(folder).get(server, {}) if folder else {}


def save(folder: Path | None, server: str, wanted: Mapping[str, Sequence[str]]) -> None:
    """Keep the connections of the ports on a server, and those of the servers used lately."""
    if folder is None:
        return
    known = _read(folder)
    known.pop(server, None)
    known[server] = {short: list(peers)[-MOST:] for short, peers in wanted.items()}
    for oldest in list(known)[:-MOST_SERVERS]:
        del known[oldest]
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with writing(folder / FILE) as temporary:
            temporary.write_bytes(msgspec.json.encode(known))


def _read(folder: Path) -> _Known:
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        known: _Known = msgspec.json.decode((folder / FILE).read_bytes(), type=_Known)
        return known
    return {}
