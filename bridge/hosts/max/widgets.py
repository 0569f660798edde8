"""What Max and Live show for a control: live.* objects, which carry names, ranges and units, and which Live automates.

Attributes: docs.cycling74.com/legacy/max8/vignettes/live_parameters (types, unit styles, which steps they have).
"""

from typing import Any

from bridge.hosts.controls import Control
from bridge.hosts.max.patcher import Patcher, Rect

FLOAT, INT, ENUM = 0, 1, 2
"""Types of parameters."""
INT_STYLE, FLOAT_STYLE, HERTZ_STYLE, CUSTOM_STYLE = 0, 1, 3, 9
"""Unit styles."""
STEPS = 256
"""Values that a parameter of type INT may have at most; what has more is a float shown as a whole number."""
STORED_ONLY = 1
"""The visibility of what Live keeps with its set and does not automate."""
WIDTH, HEIGHT = 64, 48
"""Pixels of a dial with its name and its value."""

_ONE_LINE = {"keymode": 1, "outputmode": 1, "lines": 1}
"""The return key sends what is written, as one symbol."""


def widget(max_: Patcher, control: Control, rect: Rect, shown: Rect) -> str:
    """The box that a performer turns, chooses in, writes in or presses."""
    match control.kind:
        case "text":
            return max_.box("textedit", rect, None, shown, text=str(control.default), **_ONE_LINE)
        case "button":
            looks = {"mode": 0, "text": control.short, "texton": control.short}
            saved = _parameter(control.title, control.short, ENUM, 0, parameter_enum=["off", "on"])
            return max_.box("live.text", rect, None, shown, **looks, **saved)
        case "toggle":
            saved = _parameter(control.title, control.short, ENUM, control.start, parameter_enum=["off", "on"])
            return max_.box("live.toggle", rect, None, shown, **saved)
        case "menu":
            choices = list(control.choices)
            saved = _parameter(control.title, control.short, ENUM, control.start, parameter_enum=choices)
            return max_.box("live.menu", rect, None, shown, **saved)
    return _number(max_, control, rect, shown)


def port_box(max_: Patcher, name: str, start: int, rect: Rect) -> str:
    """A number that says at which port we receive; kept with the set."""
    control = Control("/" + name, "number", "", 1024, 65535, start)
    hidden = {"parameter_invisible": STORED_ONLY}
    saved = _parameter(name, name, FLOAT, start, **_range(control), **_unit(control), **hidden)
    return max_.box("live.numbox", rect, None, rect, **saved)


def _number(max_: Patcher, control: Control, rect: Rect, shown: Rect) -> str:
    many = control.high - control.low >= STEPS
    kind = INT if control.kind == "number" and not many else FLOAT
    saved = _parameter(control.title, control.short, kind, control.start, **_range(control), **_unit(control))
    if control.kind == "number" and many:
        return max_.box("live.numbox", rect, None, shown, **saved)
    return max_.box("live.dial", rect, None, shown, **saved)


def _range(control: Control) -> dict[str, Any]:
    return {"parameter_mmin": float(control.low), "parameter_mmax": float(control.high)}


def _unit(control: Control) -> dict[str, Any]:
    if control.unit == "Hz":
        return {"parameter_unitstyle": HERTZ_STYLE}
    whole = control.kind == "number"
    if control.unit:
        shown = f"{'%d' if whole else '%.2f'} {control.unit}"
        return {"parameter_unitstyle": CUSTOM_STYLE, "parameter_units": shown}
    return {"parameter_unitstyle": INT_STYLE if whole else FLOAT_STYLE}


def _parameter(title: str, label: str, kind: int, start: float, **more: Any) -> dict[str, Any]:
    value = {"parameter_longname": title, "parameter_shortname": label, "parameter_type": kind}
    value |= {"parameter_initial_enable": 1, "parameter_initial": [start]} | more
    return {"varname": title, "parameter_enable": 1, "saved_attribute_attributes": {"valueof": value}}
