"""What one address is: its arguments, and how values are held against them."""

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from models.contract import Value

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
