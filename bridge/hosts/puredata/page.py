"""antiphon-music.pd and its like: a row for each address of one part of the table."""

from collections.abc import Sequence

from bridge.hosts.controls import Control
from bridge.hosts.puredata.canvas import ROW, Canvas, word

WIDTH = 470
LEFT = 10
WIRES = 520
"""Where the cords begin, beside what is seen from outside."""


def page(root: str, controls: Sequence[Control]) -> Canvas:
    """The widgets follow the bridge's values without sending them back."""
    pd = Canvas(1500, max(300, 60 + ROW * len(controls)))
    packets = pd.obj(WIRES, 40 + ROW * len(controls), "s antiphon-send")
    start = pd.obj(WIRES + 820, 8, "loadbang")
    told = pd.obj(WIRES, 8, "r antiphon-heard")
    branches = _Routes(pd, {control.path for control in controls if control.kind != "button"}, told)
    for row, control in enumerate(controls):
        y = 10 + ROW * row
        box = {"slider": _slider, "number": _number, "toggle": _toggle, "menu": _menu, "text": _text}
        if control.kind == "button":
            pressed = pd.button(LEFT, y, control.label, receiver(control))
            sent = pressed
        else:
            sent = box[control.kind](pd, y, control, start, branches.leaf(control.path))
        types = "-f s " if control.kind in ("menu", "text") else ""
        pd.chain(sent, pd.obj(WIRES + 420, y, f"oscformat {types}{' '.join(control.words)}"), packets)
    pd.show(WIDTH, 14 + ROW * len(controls))
    return pd


class _Routes:
    """Finds the value of each address in what comes in; one [route] for each level."""

    def __init__(self, pd: Canvas, paths: set[str], told: int) -> None:
        self._pd, self._told = pd, told
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
            box = self._pd.obj(WIRES, 34 + ROW * len(self._boxes), f"route {' '.join(self._below[above])}")
            source, outlet = self.leaf(above) if above else (self._told, 0)
            self._pd.connect(source, box, outlet)
            self._boxes[above] = box
        return self._boxes[above], self._below[above].index(word)


def _slider(pd: Canvas, y: int, control: Control, start: int, told: tuple[int, int]) -> int:
    slider = pd.slider(LEFT, y, control.low, control.high)
    number = pd.number(LEFT + 136, y, control.low, control.high, _label(control), receiver(control))
    pd.connect(slider, number)
    out = pd.obj(WIRES + 360, y, "t f f")
    pd.connect(number, out)
    setter = _setter(pd, y, told, start, f"{control.start:.10g}", slider, number)
    pd.connect(out, setter, 1)
    return out


def _number(pd: Canvas, y: int, control: Control, start: int, told: tuple[int, int]) -> int:
    number = pd.number(LEFT, y, control.low, control.high, _label(control), receiver(control))
    _setter(pd, y, told, start, f"{control.start:.10g}", number)
    whole = pd.obj(WIRES + 360, y, "int")
    pd.connect(number, whole)
    return whole


def _toggle(pd: Canvas, y: int, control: Control, start: int, told: tuple[int, int]) -> int:
    toggle = pd.toggle(LEFT, y, control.label, receiver(control))
    _setter(pd, y, told, start, f"{control.start:.10g}", toggle)
    return toggle


def _text(pd: Canvas, y: int, control: Control, start: int, told: tuple[int, int]) -> int:
    shown = pd.symbol(LEFT, y, 20, control.label)  # with a name to receive at, it would have no inlet
    follow(pd, WIRES + 180, y, told, shown)
    if control.default:
        pd.chain(start, pd.msg(WIRES + 840, y, f"set {word(str(control.default))}"), shown)
    return shown


def _menu(pd: Canvas, y: int, control: Control, start: int, told: tuple[int, int]) -> int:
    label = f"{control.label}: {' '.join(control.choices)}"
    radio = pd.radio(LEFT, y, len(control.choices), label, receiver(control))
    chosen = pd.obj(WIRES + 330, y, f"sel {' '.join(map(str, range(len(control.choices))))}")
    plain = pd.obj(WIRES + 180, y, "list trim")  # with or without the selector symbol, by Pd's version
    known = pd.obj(WIRES + 260, y, f"route {' '.join(map(word, control.choices))}")
    pd.connect(radio, chosen)
    pd.connect(told[0], plain, told[1])
    pd.connect(plain, known)
    sent = pd.obj(WIRES + 380, y, "symbol")
    for position, choice in enumerate(control.choices):
        said = pd.msg(WIRES + 600 + 70 * position, y, f"symbol {word(choice)}")
        pd.connect(chosen, said, position)
        pd.connect(said, sent)
        setter = pd.msg(WIRES + 900 + 60 * position, y, f"set {position}")
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


def _setter(pd: Canvas, y: int, told: tuple[int, int], start: int, default: str, *widgets: int) -> int:
    """Show what the bridge says, and until then the default, without sending it."""
    setter = pd.msg(WIRES + 290, y, "set $1")
    pd.connect(told[0], setter, told[1])
    first = pd.msg(WIRES + 840, y, f"set {default}")
    pd.connect(start, first)
    for widget in widgets:
        pd.connect(setter, widget)
        pd.connect(first, widget)
    return setter


def _label(control: Control) -> str:
    return f"{control.label} {control.low:.10g}..{control.high:.10g} {control.unit}".rstrip()
