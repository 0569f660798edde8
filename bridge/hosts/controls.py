"""What a performer gets to turn and press, for each address; every host draws it in its own way."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from bridge.addresses import Address, Argument, Table
from models.contract import Value

EXACT = 2**24
"""The whole numbers up to here are all told apart by a 32-bit float, which most hosts calculate with."""

BY_ITSELF = frozenset({"/subscribe", "/unsubscribe"})
"""What every patch does by itself; done by hand, it would cut the patch off."""

SET_UP = frozenset({"mod", "map", "sinks", "sources", "midi"})
"""Parts of the table that are set up, on the page or by messages, not played: hosts show no controls for them."""

Kind = Literal["slider", "number", "toggle", "menu", "text", "button"]


class Control(msgspec.Struct, frozen=True):
    """One thing to turn, choose, write or press."""

    path: str
    kind: Kind
    doc: str
    low: float = 0
    high: float = 1
    default: Value = 0
    unit: str = ""
    choices: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The parts of the address."""
        return self.path.strip("/").split("/")

    @property
    def label(self) -> str:
        """A name that says enough on the control's page: its address without the page."""
        return " ".join(self.words[1:] or self.words).replace("_", " ")

    @property
    def short(self) -> str:
        """A name for where there is room for a word or two."""
        return self.words[-1].replace("_", " ")

    @property
    def title(self) -> str:
        """A name that says enough anywhere."""
        return " ".join(self.words).replace("_", " ")

    @property
    def name(self) -> str:
        """The address as one word of letters, digits and underscores."""
        return "_".join(self.words)

    @property
    def start(self) -> float:
        """The default as a number; a choice by its position."""
        if isinstance(self.default, str):
            return float(self.choices.index(self.default)) if self.default in self.choices else 0.0
        return float(self.default)


def pages(table: Table) -> dict[str, list[Control]]:
    """The controls by the first part of their address, buttons last; what stands alone at the root is under ''."""
    found: dict[str, list[Control]] = {}
    for control in under("/", table):
        if control.words[0] not in SET_UP:
            found.setdefault(control.words[0] if len(control.words) > 1 else "", []).append(control)
    return found


def under(start: str, table: Table) -> list[Control]:
    """The controls whose addresses begin so, buttons last; what is set up, too."""
    found = [_control(entry) for entry in table.entries.values() if entry.path.startswith(start)]
    return sorted((control for control in found if control), key=lambda control: control.kind == "button")


def queries(controls: Iterable[Control]) -> list[str]:
    """Patterns that, sent without an argument, ask for the values of all parameters among these."""
    found = {control.path for control in controls if control.kind != "button"}
    return sorted({"/".join(["", path.split("/")[1], *("*" for _ in path.split("/")[2:])]) for path in found})


def example(entry: Address) -> list[Value]:
    """Arguments that the table allows for an address: an idea of what to send."""
    return [_example(argument) for argument in entry.arguments]


def _control(entry: Address) -> Control | None:
    if entry.kind == "event":
        return None
    if entry.kind == "action":
        if any(argument.default is None and not argument.repeats for argument in entry.arguments):
            return None  # a button cannot say what is to be done
        # /subscribe, /info and the like are what a patch does by itself
        plain = all(argument.type == "bool" for argument in entry.arguments)  # a switch that may be left out: /panic
        return Control(entry.path, "button", entry.doc) if plain else None
    argument = entry.arguments[0]
    assert argument.default is not None
    low, high = _extent(argument)
    kind = _kind(argument, low, high)
    return Control(entry.path, kind, entry.doc, low, high, argument.default, argument.unit, argument.choices)


def _kind(argument: Argument, low: float, high: float) -> Kind:
    match argument.type:
        case "bool":
            return "toggle"
        case "string":
            return "menu" if argument.choices else "text"
        case "int":
            return "number"
    return "slider" if low < high else "number"


def _extent(argument: Argument) -> tuple[float, float]:
    if argument.type in ("bool", "string", "any"):
        return 0, max(1, len(argument.choices) - 1)
    low = -EXACT if argument.low is None else max(argument.low, -EXACT)
    high = EXACT if argument.high is None else min(argument.high, EXACT)
    return low, high


def _example(argument: Argument) -> Value:
    if argument.default not in (None, ""):
        assert argument.default is not None
        return int(argument.default) if isinstance(argument.default, bool) else argument.default
    if argument.type in ("string", "any"):
        return argument.choices[0] if argument.choices else argument.name
    middle = (argument.low or 0) + ((argument.high or 0) - (argument.low or 0)) / 2
    return int(middle) if argument.type in ("int", "bool") else middle
