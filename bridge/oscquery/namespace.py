"""The table as OSCQuery's tree of nodes (github.com/Vidvox/OSCQueryProposal)."""

from collections.abc import Callable, Mapping
from typing import Any

from bridge.osc.wire import Value

CONTAINER, READ, WRITE, BOTH = 0, 1, 2, 3
"""What ACCESS says."""
ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "RANGE", "DESCRIPTION", "UNIT", "VALUE", "TAGS")
_TYPES = {"float": "f", "int": "i", "bool": "T", "string": "s", "any": "s"}
_ACCESS = {"parameter": BOTH, "action": WRITE, "event": READ}

Newest = Callable[[str], tuple[Value, ...] | None]
"""The newest values of an address, where any are known."""


class Namespace:
    """The addresses as a tree; what changes, the values, is asked for."""

    def __init__(self, table: Mapping[str, Any], newest: Newest) -> None:
        """``table`` as ``bridge.media.page.about.described``."""
        self.entries: dict[str, Mapping[str, Any]] = {entry["path"]: entry for entry in table["entries"]}
        self._newest = newest
        self._children: dict[str, dict[str, str]] = {"/": {}}
        self._models = {model["name"]: model for model in table["models"]}
        for path in self.entries:
            above = "/"
            for word in path.split("/")[1:]:
                below = f"{above.rstrip('/')}/{word}"
                self._children.setdefault(above, {})[word] = below
                above = below

    def node(self, path: str) -> dict[str, Any] | None:
        """Return a node with everything beneath it; None where there is none."""
        path = path.rstrip("/") or "/"
        entry = self.entries.get(path)
        children = self._children.get(path)
        if entry is None and children is None:
            return None
        node: dict[str, Any] = {"FULL_PATH": path, "ACCESS": CONTAINER}
        if entry is not None:
            node |= self._method(entry)
        elif path == "/":
            node["DESCRIPTION"] = "Antiphon"
        elif (model := self._models.get(path.rpartition("/")[2])) and path.startswith(f"{model['slot']}/"):
            node["DESCRIPTION"] = " ".join(model["doc"].split())
            if not self._in_use(model):
                node["TAGS"] = ["idle"]
        if children:
            node["CONTENTS"] = {word: self.node(below) for word, below in children.items()}
        return node

    def typed(self, path: str, values: tuple[Value, ...]) -> tuple[tuple[Value, ...], str]:
        """Return an address's values as the types that its node declares, and their tags."""
        arguments = self.entries[path]["arguments"]
        tags = ""
        found: list[Value] = []
        for index, value in enumerate(values):
            argument = arguments[min(index, len(arguments) - 1)] if arguments else {"type": "any"}
            match argument["type"], value:
                case "bool", _:
                    tags += "T" if value else "F"
                    found.append(bool(value))
                case "float", int() | float():
                    tags += "f"
                    found.append(float(value))
                case "int", int() | float():
                    tags += "i" if -(1 << 31) <= value < 1 << 31 else "h"
                    found.append(int(value))
                case _:
                    tags += "s"
                    found.append(str(value))
        return tuple(found), tags

    def model_paths(self, slot: str) -> list[str]:
        """Return the nodes of a slot's models: what another choice of model makes idle, or not."""
        paths = [f"{slot}/{model['name']}" for model in self._models.values() if model["slot"] == slot]
        return [path for path in paths if path in self._children]

    def _in_use(self, model: Mapping[str, Any]) -> bool:
        chosen = self._newest(f"{model['slot']}/model")
        return chosen is None or chosen[0] == model["name"]

    def _method(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        arguments = entry["arguments"]
        node: dict[str, Any] = {
            "ACCESS": _ACCESS[entry["kind"]],
            "TYPE": "".join(_TYPES[argument["type"]] for argument in arguments) or "I",
        }
        if entry["doc"]:
            node["DESCRIPTION"] = entry["doc"]
        ranges = [_range(argument) for argument in arguments]
        if any(ranges):
            node["RANGE"] = ranges
        if any(argument["unit"] for argument in arguments):
            node["UNIT"] = [argument["unit"] or None for argument in arguments]
        if entry["kind"] != "action":
            newest = self._newest(entry["path"])
            if newest is not None:
                values, tags = self.typed(entry["path"], newest)
                node["VALUE"] = list(values)
                node["TYPE"] = tags or node["TYPE"]  # a switch that is off is of type F
        return node


def _range(argument: Mapping[str, Any]) -> dict[str, Any] | None:
    if argument["choices"]:
        return {"VALS": list(argument["choices"])}
    found = {"MIN": argument["low"], "MAX": argument["high"]}
    return {name: value for name, value in found.items() if value is not None} or None
