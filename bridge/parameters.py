"""The parameters' values while the bridge runs."""

from collections.abc import Callable, Mapping

from bridge.addresses import ArgumentError, OscValue, Table
from models.contract import Value


class Parameters:
    """What each parameter of the table stands at; every change is checked, counted and told."""

    def __init__(self, table: Table, first: Mapping[str, Value], changed: Callable[[str, Value, Value], None]) -> None:
        """``first`` are values by address in place of the table's defaults; ``changed(path, before, after)`` follows
        each set(), also where the value stays. Raises ArgumentError."""
        self._table = table
        self._changed = changed
        self.check: Callable[[str, Value], None] = lambda path, value: None
        """What else may refuse a value, with an ArgumentError."""
        self.moved: Mapping[str, float] = {}
        """Where modulators have moved parameters, which themselves stay as they were set."""
        self.values = table.defaults()
        self.version = 0
        """How many times a parameter was set."""
        for path, value in first.items():
            self.values[path] = self._checked(path, value)

    def set(self, path: str, value: OscValue) -> None:
        """Set a parameter. Raises ArgumentError, stating the rule and the value."""
        checked = self._checked(path, value)
        self.check(path, checked)
        before, self.values[path] = self.values[path], checked
        self.version += 1
        self._changed(path, before, checked)

    def now(self, path: str) -> Value:
        """Where a parameter stands, moved or as it was set."""
        return self.moved.get(path, self.values[path])

    def _checked(self, path: str, value: OscValue) -> Value:
        entry = self._table.entries.get(path)
        if entry is None or entry.kind != "parameter":
            raise ArgumentError(f"a parameter must be an address that antiphon models info tells, got {path!r}")
        (checked,) = entry.check((value,))
        if checked is None or isinstance(checked, bytes):  # no parameter is declared so
            raise ArgumentError(f"{path} takes no {value!r}")
        return checked
