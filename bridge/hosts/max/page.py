"""The controls of one part of the table, in columns of dials, and what they send."""

from collections.abc import Sequence

from bridge.hosts.controls import Control
from bridge.hosts.max.patcher import Patcher
from bridge.hosts.max.widgets import HEIGHT, WIDTH, widget

ROW = 34
GAP = 8


class Page:
    """Boxes for controls in a patcher. ``link`` takes messages at its first inlet and tells the bridge's at its first
    outlet; with ``follow`` the controls show the bridge's values, without it they send theirs when it is there."""

    def __init__(self, max_: Patcher, link: str, *, follow: bool) -> None:
        self._max, self._link, self._follow = max_, link, follow
        self._wires = 40.0  # where the next row of wiring is, beside the presentation

    def add(self, controls: Sequence[Control], left: float, top: float, rows: int) -> float:
        """Draw controls from a corner on, column by column; return the right edge."""
        values = [control for control in controls if control.kind != "button"]
        routes = self._max.obj(1180, self._wires, f"route {' '.join(c.path for c in values)}") if values else ""
        if self._follow and values:
            self._max.connect(self._link, routes)
        hello = self._max.obj(1500, self._wires, "sel 1") if not self._follow and values else ""
        if hello:
            self._max.connect(self._link, hello, 1)
        for position, control in enumerate(controls):
            x = left + position // rows * (WIDTH + GAP)
            y = top + position % rows * (HEIGHT + GAP)
            box = self._control(control, x, y)
            if control.kind != "button":
                if self._follow:
                    self._show(control, box, routes, values.index(control))
                else:
                    self._say(control, box, hello)
            self._wires += ROW
        return left + ((len(controls) + rows - 1) // rows) * (WIDTH + GAP)

    def _control(self, control: Control, x: float, y: float) -> str:
        max_, wires = self._max, self._wires
        height = HEIGHT if control.kind in ("slider", "number") else 20
        inner = y if height == HEIGHT else y + 16
        if control.kind in ("toggle", "menu", "text"):
            max_.comment((560, wires, 120, 20), control.short, (x, y - 4, WIDTH + GAP, 20))
        side = 18 if control.kind == "toggle" else WIDTH
        box = widget(max_, control, (680, wires, side, height), (x, inner, side, height))
        if control.kind == "button":
            return self._chain(box, max_.message(780, wires, control.path))
        if control.kind == "menu":
            chosen = max_.obj(780, wires, f"sel {' '.join(map(str, range(len(control.choices))))}")
            max_.connect(box, chosen)
            for position, choice in enumerate(control.choices):
                said = max_.message(1700 + 250 * position, wires, f"{control.path} {_word(choice)}")
                max_.connect(chosen, said, position)
                max_.connect(said, self._link)
            return box
        before = [max_.obj(780, wires, "round 1")] if control.kind == "number" else []
        if control.kind == "text":
            before = [max_.obj(780, wires, "route text")]  # textedit says text before what was written
        return self._chain(box, *before, max_.obj(850, wires, f"prepend {control.path}"))

    def _chain(self, box: str, *boxes: str) -> str:
        self._max.chain(box, *boxes, self._link)
        return box

    def _say(self, control: Control, box: str, hello: str) -> None:
        """Send the value as soon as the bridge is there."""
        if control.kind == "text":
            return  # Live does not keep it with the set
        say = self._max.message(1560, self._wires, "outputvalue")
        self._max.connect(hello, say)
        self._max.connect(say, box)

    def _show(self, control: Control, box: str, routes: str, outlet: int) -> None:
        """Follow the bridge's value without sending it back."""
        max_, wires = self._max, self._wires
        if control.kind == "menu":
            known = max_.obj(1400, wires, f"route {' '.join(map(_word, control.choices))}")
            max_.connect(routes, known, outlet)
            for position in range(len(control.choices)):
                setter = max_.message(1560 + 60 * position, wires, f"set {position}")
                max_.connect(known, setter, position)
                max_.connect(setter, box)
            return
        setter = max_.obj(1400, wires, "prepend set")
        max_.connect(routes, setter, outlet)
        max_.connect(setter, box)


def _word(choice: str) -> str:
    return f'"{choice}"' if " " in choice else choice
