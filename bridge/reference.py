"""The reference of addresses for people, written from the table: ``python -m bridge.reference docs/addresses.md``."""

import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from bridge.addresses import Address, Argument, Table

HEADING = """\
# Addresses

Written by `make generate` from the table in `bridge/addresses.py` and the declarations of the models; do not edit.

- A **parameter** is set by one argument, answers with its value when sent without, and is told to subscribers when it
  changes.
- An **action** does something.
- An **event** is only ever sent by the bridge, to those who subscribed to it.

Whole numbers may be sent as floats and floats as whole numbers. An argument in brackets may be left out.
"""


def text(table: Table) -> str:
    """The whole page, in Markdown."""
    groups = groupby(sorted(table.entries.values(), key=_order), key=lambda entry: _section(entry.path))
    return "\n".join([HEADING, *(part for section, entries in groups for part in _part(section, entries))])


def extent(argument: Argument) -> str:
    """What values an argument takes, with their unit."""
    if argument.choices:
        return " or ".join(argument.choices)
    if argument.type == "bool":
        return "0 or 1"
    if argument.low is None and argument.high is None:
        return argument.unit
    low = "" if argument.low is None else f"{argument.low:.10g}"
    high = "" if argument.high is None else f"{argument.high:.10g}"
    return f"{low}..{high} {argument.unit}".rstrip()


def _section(path: str) -> str:
    """The first part of a path, for what has several."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else ""


def _order(entry: Address) -> tuple[str, int]:
    return _section(entry.path), ("action", "parameter", "event").index(entry.kind)


def _part(section: str, entries: Iterable[Address]) -> Iterable[str]:
    yield f"\n## {f'/{section}' if section else 'The bridge itself'}\n"
    yield "| address | kind | arguments | |\n|---|---|---|---|"
    for entry in entries:
        arguments = ", ".join(_argument(argument, entry.kind != "parameter") for argument in entry.arguments)
        cells = (f"`{entry.path}`", entry.kind, arguments, entry.doc)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _argument(argument: Argument, optional: bool) -> str:
    name = f"`{argument.name}`{'…' if argument.repeats else ''}"
    details = ", ".join(filter(None, (argument.type, extent(argument))))
    if argument.default is None:
        return f"{name} ({details})"
    default = int(argument.default) if isinstance(argument.default, bool) else argument.default
    told = f"{name} ({details}), default {default!r}"
    return f"[{told}]" if optional else told


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(Table()), encoding="utf-8", newline="\n")
