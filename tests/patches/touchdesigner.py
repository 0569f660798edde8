"""A stand-in for TouchDesigner: records what a script builds, and knows only what the documentation has.

Source: docs.derivative.ca, the pages COMP_Class, Page_Class, Par_Class, OP_Class, DAT_Class, OscoutDAT_Class and each
operator's own; custom parameters are named as Custom_Parameters says.
"""

import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

PARAMETERS = {
    "baseCOMP": set(),
    "textDAT": {"file", "syncfile", "loadonstart"},
    "tableDAT": {"rows", "cols"},
    "oscoutDAT": {"active", "protocol", "address", "port", "localaddress", "localport"},
    "oscinDAT": {"active", "protocol", "address", "port", "addscope", "typetag", "splitmessage", "callbacks", "maxlines"},
    "parameterexecuteDAT": {"active", "op", "pars", "valuechange", "valueschanged", "onpulse", "custom", "builtin"},
    "executeDAT": {"active", "start", "create", "exit", "framestart", "frameend"},
    "webrenderTOP": {"active", "url", "reloadsrc", "outputresolution", "resolutionw", "resolutionh"},
    "scriptTOP": {"callbacks", "setuppars"},
    "switchTOP": {"index", "blend"},
    "outTOP": {"label", "outputresolution", "resolutionw", "resolutionh"},
}
"""The built-in parameters of each operator that the script may use."""


class Par:
    """A parameter."""

    known = ("name", "label", "page", "val", "default", "min", "max", "clampMin", "clampMax", "normMin", "normMax")
    known += ("menuNames", "menuLabels", "help", "readOnly", "style")

    def __init__(self, **facts: Any) -> None:
        vars(self).update(facts)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in self.known, f"Par_Class has no {name}"
        vars(self)[name] = value

    def eval(self) -> Any:
        value = vars(self).get("val")
        if vars(self).get("clampMin") and isinstance(value, (int, float)):
            value = min(max(value, vars(self)["min"]), vars(self)["max"])
        return value


class Pars:
    """op.par: reading gives a parameter, setting sets its value."""

    def __init__(self, kind: str) -> None:
        vars(self)["_all"] = {name: Par(name=name, val=None) for name in PARAMETERS[kind]}

    def __getattr__(self, name: str) -> Par:
        found: Par = vars(self)["_all"][name]
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        getattr(self, name).val = value


class Page:
    """A page of custom parameters."""

    def __init__(self, name: str, owner: "Operator") -> None:
        self.name, self._owner = name, owner

    def _append(self, style: str, name: str, label: str | None) -> list[Par]:
        assert re.fullmatch(r"[A-Z][a-z0-9]*", name), f"{name} cannot be the name of a custom parameter"
        pars = vars(self._owner.par)["_all"]
        assert name not in pars, f"{name} is there already"
        start = {"Float": 0.0, "Int": 0, "Toggle": False, "Str": "", "Menu": "", "Pulse": False}[style]
        pars[name] = Par(name=name, label=label or name, page=self.name, style=style, val=start)
        return [pars[name]]

    def appendFloat(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Float", name, label)

    def appendInt(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Int", name, label)

    def appendToggle(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Toggle", name, label)

    def appendMenu(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Menu", name, label)

    def appendStr(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Str", name, label)

    def appendPulse(self, name: str, label: str | None = None) -> list[Par]:  # noqa: N802
        return self._append("Pulse", name, label)


class Connector:
    def __init__(self) -> None:
        self.source: Operator | None = None

    def connect(self, source: "Operator") -> None:
        self.source = source


class Operator:
    """An operator of any kind, with what OP_Class, COMP_Class and DAT_Class give it."""

    def __init__(self, kind: str, name: str, parent: "Operator | None" = None) -> None:
        self.kind, self.name, self._parent = kind, name, parent
        self.par = Pars(kind)
        self.children: dict[str, Operator] = {}
        self.text = ""
        self.nodeX = self.nodeY = 0
        self.inputConnectors = [Connector()]
        self.inputs: list[Operator] = []
        self.pixels: Any = None
        self.pages: list[str] = []
        self.sent: list[tuple[str, list[Any]]] = []
        self.rows: dict[Any, list[Any]] = {}
        self._stored: dict[str, Any] = {}
        self._module: ModuleType | None = None

    def parent(self) -> "Operator | None":
        return self._parent

    def create(self, kind: str, name: str) -> "Operator":
        assert self.kind == "baseCOMP" and name not in self.children
        self.children[name] = Operator(kind, name, self)
        return self.children[name]

    def op(self, name: str) -> "Operator | None":
        return self.children.get(name)

    def destroy(self) -> None:
        assert self._parent
        del self._parent.children[self.name]

    def store(self, key: str, value: Any) -> None:
        self._stored[key] = value

    def fetch(self, key: str, default: Any) -> Any:
        return self._stored.get(key, default)

    def appendCustomPage(self, name: str) -> Page:  # noqa: N802
        self.pages.append(name)
        return Page(name, self)

    def sendOSC(self, address: str, values: list[Any]) -> None:  # noqa: N802
        assert self.kind == "oscoutDAT"
        self.sent.append((address, values))

    # A table, by the first cell of each row.

    def setInputs(self, operators: "list[Operator]") -> None:  # noqa: N802
        self.inputs = operators

    def cook(self, force: bool = False) -> None:
        """What nothing depends on cooks by force only."""
        if force and self.kind == "scriptTOP":
            assert self._parent
            self._parent.children[self.par.callbacks.eval()].module.onCook(self)

    def copyNumpyArray(self, pixels: Any) -> None:  # noqa: N802
        assert self.kind == "scriptTOP" and pixels.ndim == 3 and 1 <= pixels.shape[2] <= 4
        self.pixels = pixels

    def appendRow(self, row: list[Any]) -> None:  # noqa: N802
        self.rows[row[0]] = row

    def deleteRow(self, name: Any) -> None:  # noqa: N802
        del self.rows[name]

    def clear(self) -> None:
        self.rows.clear()

    def __getitem__(self, cell: tuple[Any, int]) -> Any:
        row = self.rows.get(cell[0])
        return None if row is None else row[cell[1]]

    @property
    def module(self) -> ModuleType:
        if self._module is None:
            self._module = ModuleType(self.name)
            exec(self.text, vars(self._module))
        return self._module


class Time:
    """absTime."""

    seconds = 0.0


def run(script: str, where: Operator) -> None:
    """Run a Text DAT's script in a component."""
    exec(script, {"me": Operator("textDAT", "script", where), **{kind: kind for kind in PARAMETERS}})


def callback(dat: Operator, name: str, time: Time, *arguments: Any) -> None:
    """Call a function of a callbacks DAT."""
    found: dict[str, Callable[..., None]] = {}
    exec(dat.text, {"me": dat, "absTime": time}, found)
    found[name](*arguments)


def custom(comp: Operator) -> Iterator[Par]:
    """A component's custom parameters."""
    yield from vars(comp.par)["_all"].values()
