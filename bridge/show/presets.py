"""Presets: how it plays and looks, by name, in a file each that a person can read."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from bridge.addresses import ArgumentError, Table
from bridge.show import files
from models.contract import Value

NAME = re.compile(r"[\w][\w .,+-]{0,63}")
PARTS = ("/music/", "/frames/", "/pad/", "/mod/")
"""What a preset holds. The clock, the ports and the sinks are the stage's, and stay as they are."""
STAGE = frozenset({"/frames/fps", "/frames/width", "/frames/height", "/music/listen"})
"""Parameters under them that are the stage's all the same."""


class Preset(msgspec.Struct, forbid_unknown_fields=True):
    """A preset's file."""

    schema: int
    values: dict[str, bool | int | float | str]
    """Each parameter's value by address."""


class Presets:
    """The presets of a folder. Everything here may wait for the disk: not for the event loop."""

    def __init__(self, folder: Path, table: Table) -> None:
        """The folder is made when the first preset is saved."""
        self._folder, self._table = folder, table

    def names(self) -> list[str]:
        """In order of the alphabet."""
        return sorted(path.stem for path in self._folder.glob("*.json") if NAME.fullmatch(path.stem))

    def save(self, name: str, values: Mapping[str, Value]) -> None:
        """Keep those of the values that make a preset. Raises ValueError for the name, OSError."""
        files.write(self._path(name), Preset(files.SCHEMA, kept(values)))

    def load(self, name: str) -> dict[str, Value]:
        """Return a preset's values by address, all of them allowed by the table; else none.

        Raises ValueError, which says everything that is wrong with it, or OSError.
        """
        path = self._path(name)
        try:
            preset = files.read(path, Preset)
        except FileNotFoundError as error:
            known = ", ".join(self.names()) or "none"
            raise ValueError(f"a preset must be one that was saved ({known}), got {name!r}") from error
        values, wrong = {}, []
        for at, value in preset.values.items():
            entry = self._table.entries.get(at)
            if entry is None or entry.kind != "parameter" or not kept({at: value}):
                wrong.append(f"{at} is no parameter of a preset here")
                continue
            try:
                (checked,) = entry.check((value,))
            except ArgumentError as error:
                wrong.append(f"{at}: {error}")
            else:
                assert isinstance(checked, (bool, int, float, str))
                values[at] = checked
        if wrong:
            raise files.FileError(f"preset {name} is refused whole: " + "; ".join(wrong))
        return values

    def delete(self, name: str) -> None:
        """Remove a preset. Raises ValueError where there is none, OSError."""
        try:
            self._path(name).unlink()
        except FileNotFoundError as error:
            raise ValueError(f"a preset must be one that was saved, got {name!r}") from error

    def _path(self, name: str) -> Path:
        if not NAME.fullmatch(name) or name != name.strip():
            rule = "1 to 64 letters, digits, spaces or . , + - _, beginning with a letter or digit"
            raise ValueError(f"a preset's name must be {rule}, got {name!r}")
        return self._folder / f"{name}.json"


def kept(values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that belong into a preset, the models first, since theirs is the ground of the others."""
    own = {at: value for at, value in values.items() if at.startswith(PARTS) and at not in STAGE}
    return dict(sorted(own.items(), key=lambda item: (not item[0].endswith("/model"), item[0])))
