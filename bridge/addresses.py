"""THE table: every OSC address, its arguments, ranges and units, and one line of doc.

The fixed entries stand here; the parameters of the models are added from their declarations: what all note models or
all frame models share lies at the slot (``/music/temperature``), what one alone has under its name
(``/frames/texture_ca/texture``). Validation, documentation and every other surface read this table.
"""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from models.contract import FrameModel, Model, NoteModel, Param, Value, discover

OscValue = int | float | str | bytes | bool | None
"""What an OSC argument may hold."""


class ArgumentError(ValueError):
    """A message that the table does not allow; the text states the rule and the value received."""


class Argument(msgspec.Struct, frozen=True):
    """One argument of an address."""

    name: str
    type: Literal["float", "int", "bool", "string", "any"]
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    default: Value | None = None
    """What a missing argument stands for; None: it must be given."""
    repeats: bool = False
    """The last argument of an address may come any number of times."""

    def check(self, value: OscValue) -> OscValue:
        """Return the value as this argument's type. Raises ArgumentError."""
        match self.type:
            case "any":
                return value
            case "string":
                if not isinstance(value, str):
                    raise ArgumentError(f"{self.name} must be a string, got {value!r}")
                if self.choices and value not in self.choices:
                    raise ArgumentError(f"{self.name} must be one of {', '.join(self.choices)}, got {value!r}")
                return value
            case "bool":
                if value not in (0, 1):  # True and False equal 1 and 0; Pd sends floats
                    raise ArgumentError(f"{self.name} must be 0 or 1, got {value!r}")
                return bool(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ArgumentError(f"{self.name} must be a number, got {value!r}")
        if not -math.inf < value < math.inf:
            raise ArgumentError(f"{self.name} must be a finite number, got {value!r}")
        number = int(value) if self.type == "int" else float(value)
        if number != value and self.type == "int":
            raise ArgumentError(f"{self.name} must be a whole number, got {value!r}")
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            low = "" if self.low is None else f"{self.low:g}"
            high = "" if self.high is None else f"{self.high:g}"
            raise ArgumentError(f"{self.name} must be in range {low}..{high}, got {value!r}")
        return number


class Address(msgspec.Struct, frozen=True):
    """One address.

    A *parameter* is set by one argument, answers with its value when sent without, and is told to subscribers when it
    changes. An *action* does something. An *event* is only ever sent by the bridge.
    """

    path: str
    kind: Literal["parameter", "action", "event"]
    arguments: tuple[Argument, ...] = ()
    doc: str = ""

    def check(self, values: Sequence[OscValue]) -> tuple[OscValue, ...]:
        """Return the values as the arguments' types, missing ones filled in. Raises ArgumentError."""
        repeats = bool(self.arguments) and self.arguments[-1].repeats
        if len(values) > len(self.arguments) and not repeats:
            raise ArgumentError(f"takes {self._arity()}, got {len(values)}: {list(values)!r}")
        if len(values) == len(self.arguments):  # the usual case, so the quickest
            return tuple([argument.check(value) for argument, value in zip(self.arguments, values, strict=True)])
        checked: list[OscValue] = []
        for position, argument in enumerate(self.arguments):
            if position < len(values):
                checked.append(argument.check(values[position]))
            elif argument.repeats:
                break
            elif argument.default is None:
                raise ArgumentError(f"takes {self._arity()}, got {len(values)}: {argument.name} is missing")
            else:
                checked.append(argument.default)
        checked += [self.arguments[-1].check(value) for value in values[len(self.arguments) :]]
        return tuple(checked)

    def _arity(self) -> str:
        names = [
            f"[{a.name}]" if a.default is not None else f"{a.name}…" if a.repeats else a.name for a in self.arguments
        ]
        return f"the arguments ({', '.join(names)})" if names else "no arguments"


_PITCH = Argument("pitch", "int", 0, 127)
_VELOCITY = Argument("velocity", "int", 0, 127)
_CHANNEL = Argument("channel", "int", 1, 16)

FIXED = (
    Address("/ping", "action", (Argument("token", "any", repeats=True),), "Answered by /pong with the same arguments."),
    Address("/pong", "event", (Argument("token", "any", repeats=True),), "Answers /ping."),
    Address(
        "/info",
        "action",
        (Argument("topic", "string", default=""),),
        "Answered by one /info name value for each thing known about the running bridge.",
    ),
    Address(
        "/error",
        "event",
        (Argument("path", "string"), Argument("reason", "string")),
        "Why a message was refused or what went wrong; path is empty where no message caused it.",
    ),
    Address("/panic", "action", (), "Ends every sounding note at once and forgets every scheduled one."),
    Address("/panicked", "event", (Argument("ended", "int"),), "Answers /panic: how many notes were ended."),
    Address(
        "/subscribe",
        "action",
        (
            Argument("pattern", "string"),
            Argument("port", "int", 0, 65535, default=0),
            Argument("lease", "float", 1, 86400, unit="s", default=60.0),
        ),
        "Sends what matches the address pattern to you, at that port (0: the one you send from), until the lease ends;"
        " send again to renew. Your replies go to that port, too. A TCP client's lease ends with its connection.",
    ),
    Address(
        "/unsubscribe",
        "action",
        (Argument("pattern", "string", default="*"), Argument("port", "int", 0, 65535, default=0)),
        "Ends your subscription to that pattern (* ends all of yours), at that port (0: the one that replies go to).",
    ),
    Address("/subscribed", "event", (Argument("pattern", "string"), Argument("lease", "float", unit="s"))),
    Address("/unsubscribed", "event", (Argument("pattern", "string"),), "A subscription has ended."),
    Address("/clock/tempo", "parameter", (Argument("tempo", "float", 20, 400, "bpm", default=120.0),), "Tempo."),
    Address("/clock/beats_per_bar", "parameter", (Argument("beats", "int", 1, 16, default=4),), "Beats in a bar."),
    Address("/clock/downbeat", "action", (), "Now is the first beat of a bar."),
    Address(
        "/clock/beat",
        "event",
        (Argument("beat", "int"), Argument("bar", "int"), Argument("beat_in_bar", "int")),
        "Sent on every beat; all three count from 0.",
    ),
    Address(
        "/music/note/in",
        "action",
        (_CHANNEL, _PITCH, _VELOCITY),
        "A note that you play; velocity 0 ends it.",
    ),
    Address(
        "/music/note/out",
        "event",
        (_CHANNEL, _PITCH, _VELOCITY),
        "A note of the answer, when it is to sound; velocity 0 ends it.",
    ),
    Address(
        "/music/note/length",
        "event",
        (_CHANNEL, _PITCH, _VELOCITY, Argument("beats", "float", unit="beats")),
        "A note of the answer with its duration, when it is to sound; nothing is sent at its end, unless it is cut"
        " short: then velocity and beats are 0.",
    ),
    Address("/music/listen", "parameter", (Argument("on", "bool", default=True),), "Whether calls are answered."),
    Address(
        "/music/call_bars", "parameter", (Argument("bars", "int", 1, 8, "bars", default=2),), "How long a call is."
    ),
    Address(
        "/music/answer_bars",
        "parameter",
        (Argument("bars", "int", 1, 32, "bars", default=2),),
        "How long an answer is.",
    ),
    Address(
        "/music/channel", "parameter", (Argument("channel", "int", 1, 16, default=1),), "The answer's MIDI channel."
    ),
    Address("/music/answer", "action", (), "Answers what was heard so far, from the next bar on."),
    Address("/music/stop", "action", (), "Ends the answer that is playing and forgets the call."),
    Address(
        "/music/state",
        "event",
        (Argument("state", "string", choices=("waiting", "listening", "thinking", "answering")),),
    ),
    Address("/frames/fps", "parameter", (Argument("fps", "float", 1, 120, "Hz", default=30.0),), "Frames a second."),
)


class Table:
    """All addresses by path, for one set of models."""

    def __init__(self, models: Sequence[type[Model]] | None = None) -> None:
        self.models = tuple(discover() if models is None else models)
        entries = [*FIXED, *self._slots(), *self._parameters()]
        self.entries = {entry.path: entry for entry in entries}

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
        """The address of each parameter of a model, by the parameter's name."""
        slot, shared = _slot(model)
        return {name: f"{slot}/{name}" if name in shared else f"{slot}/{model.name}/{name}" for name in model.params()}

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


def _slot(model: type[Model]) -> tuple[str, dict[str, Param]]:
    if issubclass(model, NoteModel):
        return "/music", NoteModel.params()
    if issubclass(model, FrameModel):
        return "/frames", FrameModel.params()
    raise TypeError(f"a model is a NoteModel or a FrameModel, {model.name} is {model.__mro__[1].__name__}")


def _argument(name: str, param: Param) -> Argument:
    kinds: dict[type, Literal["float", "int", "bool", "string"]] = {
        bool: "bool",
        int: "int",
        float: "float",
        str: "string",
    }
    return Argument(name, kinds[type(param.default)], param.low, param.high, param.unit, param.choices, param.default)
