"""antiphon-music.pd and its like: a row for each address of one part of the table."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from bridge.addresses import Table
from bridge.hosts.controls import Control, pages
from bridge.hosts.puredata.canvas import ROW, Canvas, word

WIDTH = 470
"""Pixels of a column."""
LEFT = 10
CORDS = 1400
"""Pixels of the cords of a column."""
ROWS = 32
"""Controls above each other in a column."""


class Spot(NamedTuple):
    """Where a control's widgets are drawn, and the left edge of its cords, in pixels."""

    x: int
    y: int
    wires: int


def parts(table: Table) -> dict[str, list[Control]]:
    """The pages by name: one for each part of the table, and one for each model of frames, of which there are many."""
    found: dict[str, list[Control]] = {}
    for root, controls in pages(table).items():
        for control in controls if root else []:
            found.setdefault("-".join(control.words[:-1]) if root == "frames" else root, []).append(control)
    return found


def size(count: int) -> tuple[int, int]:
    """Width and height of so many controls as they are seen from outside."""
    return WIDTH * math.ceil(count / ROWS), 14 + ROW * min(count, ROWS)


def page(controls: Sequence[Control]) -> Canvas:
    """The widgets follow the bridge's values without sending them back; the patch that uses this one shows them."""
    width, height = size(len(controls))
    wires = width + 50
    pd = Canvas(min(width + 20, 1440), max(300, height + 20))
    packets = pd.obj(wires, 40 + ROW * len(controls), "s antiphon-send")
    start = pd.obj(wires + 820, 8, "loadbang")
    told = pd.obj(wires, 8, "r antiphon-heard")
    branches = _Routes(pd, {control.path for control in controls if control.kind != "button"}, told, wires)
    for position, control in enumerate(controls):
        column, row = divmod(position, ROWS)
        spot = Spot(LEFT + WIDTH * column, 10 + ROW * row, wires + CORDS * column)
        box = {"slider": _slider, "number": _number, "toggle": _toggle, "menu": _menu, "text": _text}
        if control.kind == "button":
            pressed = pd.button(spot.x, spot.y, control.label, receiver(control))
            sent = pressed
        else:
            sent = box[control.kind](pd, spot, control, start, branches.leaf(control.path))
        types = "-f s " if control.kind in ("menu", "text") else ""
        words = f"oscformat {types}{' '.join(control.words)}"
        pd.chain(sent, pd.obj(spot.wires + 420, spot.y, words), packets)
    pd.show(width, height)
    return pd


class _Routes:
    """Finds the value of each address in what comes in; one [route] for each level."""

    def __init__(self, pd: Canvas, paths: set[str], told: int, wires: int) -> None:
        self._pd, self._told, self._wires = pd, told, wires
        self._below: dict[str, list[str]] = {}
        for path in sorted(paths):
            while path:
                path, _, word = path.rpartition("/")
                if word not in self._below.setdefault(path, []):
                    self._below[path].append(word)
        self._boxes: dict[str, int] = {}

    def leaf(self, path: str) -> tuple[int, int]:
        """The box and the outlet that an address's value comes from."""
        above, _, word = path.rpartition("/")
        if above not in self._boxes:
            box = self._pd.obj(self._wires, 34 + ROW * len(self._boxes), f"route {' '.join(self._below[above])}")
            source, outlet = self.leaf(above) if above else (self._told, 0)
            self._pd.connect(source, box, outlet)
            self._boxes[above] = box
        return self._boxes[above], self._below[above].index(word)


def _slider(pd: Canvas, spot: Spot, control: Control, start: int, told: tuple[int, int]) -> int:
    slider = pd.slider(spot.x, spot.y, control.low, control.high)
    number = pd.number(spot.x + 136, spot.y, control.low, control.high, _label(control), receiver(control))
    pd.connect(slider, number)
    out = pd.obj(spot.wires + 360, spot.y, "t f f")
    pd.connect(number, out)
    setter = _setter(pd, spot, told, start, f"{control.start:.10g}", slider, number)
    pd.connect(out, setter, 1)
    return out


def _number(pd: Canvas, spot: Spot, control: Control, start: int, told: tuple[int, int]) -> int:
    number = pd.number(spot.x, spot.y, control.low, control.high, _label(control), receiver(control))
    _setter(pd, spot, told, start, f"{control.start:.10g}", number)
    whole = pd.obj(spot.wires + 360, spot.y, "int")
    pd.connect(number, whole)
    return whole


def _toggle(pd: Canvas, spot: Spot, control: Control, start: int, told: tuple[int, int]) -> int:
    toggle = pd.toggle(spot.x, spot.y, control.label, receiver(control))
    _setter(pd, spot, told, start, f"{control.start:.10g}", toggle)
    return toggle


def _text(pd: Canvas, spot: Spot, control: Control, start: int, told: tuple[int, int]) -> int:
    shown = pd.symbol(spot.x, spot.y, 20, control.label)  # with a name to receive at, it would have no inlet
    follow(pd, spot.wires + 180, spot.y, told, shown)
    if control.default:
        pd.chain(start, pd.msg(spot.wires + 840, spot.y, f"set {word(str(control.default))}"), shown)
    return shown


def _menu(pd: Canvas, spot: Spot, control: Control, start: int, told: tuple[int, int]) -> int:
    label = f"{control.label}: {' '.join(control.choices)}"
    radio = pd.radio(spot.x, spot.y, len(control.choices), label, receiver(control))
    chosen = pd.obj(spot.wires + 330, spot.y, f"sel {' '.join(map(str, range(len(control.choices))))}")
    plain = pd.obj(spot.wires + 180, spot.y, "list trim")  # with or without the selector symbol, by Pd's version
    known = pd.obj(spot.wires + 260, spot.y, f"route {' '.join(map(word, control.choices))}")
    pd.connect(radio, chosen)
    pd.connect(told[0], plain, told[1])
    pd.connect(plain, known)
    sent = pd.obj(spot.wires + 380, spot.y, "symbol")
    for position, choice in enumerate(control.choices):
        said = pd.msg(spot.wires + 600 + 70 * position, spot.y, f"symbol {word(choice)}")
        pd.connect(chosen, said, position)
        pd.connect(said, sent)
        setter = pd.msg(spot.wires + 900 + 60 * position, spot.y, f"set {position}")
        pd.connect(known, setter, position)
        pd.connect(setter, radio)
        if choice == control.default:
            pd.connect(start, setter)
    return sent


def receiver(control: Control) -> str:
    """The name in Pd that a number sent to turns this control, as a hand would."""
    return f"antiphon{control.path}"


def follow(pd: Canvas, x: int, y: int, told: tuple[int, int], shown: int) -> None:
    """Show a word or several in a box without sending them."""
    prepared = pd.obj(x, y, "list prepend set")
    pd.connect(told[0], prepared, told[1])
    pd.chain(prepared, pd.obj(x + 130, y, "list trim"), shown)


def _setter(pd: Canvas, spot: Spot, told: tuple[int, int], start: int, default: str, *widgets: int) -> int:
    """Show what the bridge says, and until then the default, without sending it."""
    setter = pd.msg(spot.wires + 290, spot.y, "set $1")
    pd.connect(told[0], setter, told[1])
    first = pd.msg(spot.wires + 840, spot.y, f"set {default}")
    pd.connect(start, first)
    for widget in widgets:
        pd.connect(setter, widget)
        pd.connect(first, widget)
    return setter


def _label(control: Control) -> str:
    return f"{control.label} {control.low:.10g}..{control.high:.10g} {control.unit}".rstrip()
