"""A bench's result: as JSON for machines, as a table for people."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from bridge.measure.figures import Figure
from bridge.measure.files import writing
from bridge.measure.machine import Machine


class Report(msgspec.Struct):
    """``{"machine": {…}, "figures": [{"name", "value", "unit", "goal"}, …]}``."""

    machine: Machine
    figures: list[Figure]

    def write(self, path: Path) -> None:
        """Write the JSON. Raises OSError."""
        with writing(path) as temporary:
            temporary.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")


def read(path: Path) -> Report:
    """Read what :meth:`Report.write` wrote. Raises OSError, or msgspec.ValidationError for another shape."""
    return msgspec.json.decode(path.read_bytes(), type=Report)


def table(figures: Sequence[Figure]) -> str:
    """Figures as lines of text: name, value, unit, goal, and whether it is reached."""
    rows = [(f.name, f.shown, f.unit, f.goal, f.verdict) for f in figures]
    heads = ("figure", "value", "unit", "goal", "")
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    lines = [_line(heads, widths), "  ".join("-" * width for width in widths).rstrip()]
    for row, figure in zip(rows, figures, strict=True):
        lines.append(_line(row, widths))
        if figure.why:
            lines.append(f"  {figure.why}")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    name, value, *rest = (
        cell.rjust(width) if column == 1 else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([name, value, *rest]).rstrip()
