"""THE table: every OSC address, its arguments, ranges and units, and one line of doc.

The fixed entries stand in ``fixed.py`` and ``show/declared.py``; the parameters and actions of the models are added
from their declarations: what all note models or all frame models share lies at the slot (``/music/temperature``), what
one alone has under its name (``/frames/texture_ca/texture``), and those of the sinks and sources at ``/sinks/NAME`` and
``/sources/NAME``. Validation, documentation and every other surface read this table.
"""

from collections.abc import Sequence
from typing import Literal

from bridge.address import Address, Argument, ArgumentError, OscValue
from bridge.fixed import FIXED
from bridge.media import sink, source
from bridge.media.endpoint import Endpoint
from bridge.show.declared import SHOW
from models.contract import FrameModel, Model, NoteModel, Param, Value, discover

__all__ = ("Address", "Argument", "ArgumentError", "OscValue", "Table")


class Table:
    """All addresses by path, for one set of models."""

    def __init__(
        self, models: Sequence[type[Model]] | None = None, endpoints: Sequence[type[Endpoint]] | None = None
    ) -> None:
        self.models = tuple(discover() if models is None else models)
        self.endpoints = tuple((*sink.discover(), *source.discover()) if endpoints is None else endpoints)
        """The sinks and sources."""
        self._paths: dict[type[Model], dict[str, str]] = {}
        entries = [*FIXED, *SHOW, *self._slots(), *self._parameters(), *self._actions(), *self._endpoints()]
        self.entries = {entry.path: entry for entry in entries}
        self.doers = self._doers()
        """For the address of each action of a model: its slot, the names of the models that have it, and its name."""

    def __getitem__(self, path: str) -> Address:
        return self.entries[path]

    def defaults(self) -> dict[str, Value]:
        """Every parameter's value at the start, by path."""
        return {
            entry.path: entry.arguments[0].default
            for entry in self.entries.values()
            if entry.kind == "parameter" and entry.arguments[0].default is not None
        }

    def model_paths(self, model: type[Model]) -> dict[str, str]:
        """The address of each parameter of a model, by the parameter's name; not to be changed."""
        paths = self._paths.get(model)  # asked for with every change of a parameter
        if paths is None:
            slot, shared = _slot(model)
            paths = self._paths[model] = {
                name: param.at or (f"{slot}/{name}" if name in shared else f"{slot}/{model.name}/{name}")
                for name, param in model.params().items()
            }
        return paths

    def action_paths(self, model: type[Model]) -> dict[str, str]:
        """The address of each action of a model, by the action's name."""
        slot, _ = _slot(model)
        shared = _kind(model).actions()
        return {
            name: f"{slot}/{name}" if name in shared or action.shared else f"{slot}/{model.name}/{name}"
            for name, action in model.actions().items()
        }

    def slot_paths(self, slot: str) -> frozenset[str]:
        """The parameters under a slot's address that belong to no model."""
        return frozenset(
            entry.path for entry in FIXED if entry.kind == "parameter" and entry.path.startswith(f"{slot}/")
        )

    def slot(self, model: type[Model]) -> str:
        """The address above a model's slot: /music or /frames."""
        return _slot(model)[0]

    def of_slot(self, slot: type[Model]) -> tuple[type[Model], ...]:
        """The models that fit NoteModel's or FrameModel's slot."""
        return tuple(model for model in self.models if issubclass(model, slot))

    def _slots(self) -> list[Address]:
        found = []
        for slot, path in ((NoteModel, "/music"), (FrameModel, "/frames")):
            models = self.of_slot(slot)
            if models:
                names = tuple(model.name for model in models)
                default = next((model.name for model in models if model.default), names[0])
                argument = Argument("model", "string", choices=names, default=default)
                found.append(Address(f"{path}/model", "parameter", (argument,), "The model that plays or paints."))
        return found

    def _parameters(self) -> list[Address]:
        return [
            Address(path, "parameter", (_argument(name, model.params()[name]),), model.params()[name].doc)
            for model in self.models
            for name, path in self.model_paths(model).items()
        ]

    def _actions(self) -> list[Address]:
        return [
            Address(path, "action", tuple(_argument(*param) for param in action.arguments.items()), action.doc)
            for model in self.models
            for path, action in zip(self.action_paths(model).values(), model.actions().values(), strict=True)
        ]

    def _endpoints(self) -> list[Address]:
        return [
            Address(endpoint.address(name), "parameter", (_argument(name, param),), param.doc)
            for endpoint in self.endpoints
            for name, param in endpoint.params().items()
        ]

    def _doers(self) -> dict[str, tuple[str, tuple[str, ...], str]]:
        found: dict[str, tuple[str, tuple[str, ...], str]] = {}
        for model in self.models:
            for name, path in self.action_paths(model).items():
                _, before, _ = found.get(path, ("", (), ""))
                found[path] = self.slot(model), (*before, model.name), name
        return found


def _kind(model: type[Model]) -> type[Model]:
    for kind in (NoteModel, FrameModel):
        if issubclass(model, kind):
            return kind
    raise TypeError(f"a model is a NoteModel or a FrameModel, {model.name} is {model.__mro__[1].__name__}")


def _slot(model: type[Model]) -> tuple[str, dict[str, Param]]:
    kind = _kind(model)
    return "/music" if kind is NoteModel else "/frames", kind.params()


def _argument(name: str, param: Param) -> Argument:
    kinds: dict[type, Literal["float", "int", "bool", "string"]] = {
        bool: "bool",
        int: "int",
        float: "float",
        str: "string",
    }
    return Argument(name, kinds[type(param.default)], param.low, param.high, param.unit, param.choices, param.default)
