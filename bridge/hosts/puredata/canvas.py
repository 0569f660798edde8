"""A Pure Data patch as objects, messages and cords (the file format: puredata.info/docs/developer/PdFileFormat)."""

import itertools
import re
from collections.abc import Sequence

FONT = 12
ROW = 24
"""Pixels from one line of boxes to the next."""
PAPER, INK = "#fcfcfc", "#000000"


class Canvas:
    """One patch; what adds a box returns its number, which cords go from and to.

    What is sent to a widget's ``name`` from anywhere in Pd does as a hand on it; it sends to the name ``to``.
    """

    def __init__(self, width: int = 900, height: int = 600) -> None:
        self._boxes: list[str] = []
        self._cords: list[tuple[int, int, int, int]] = []
        self._size = width, height
        self._shown: tuple[int, int] | None = None

    def obj(self, x: int, y: int, text: str) -> int:
        """An object."""
        return self._add(f"#X obj {x} {y} {_escaped(text)};")

    def msg(self, x: int, y: int, text: str) -> int:
        """A message box."""
        return self._add(f"#X msg {x} {y} {_escaped(text)};")

    def inside(self, x: int, y: int, name: str, canvas: "Canvas") -> int:
        """A patch in the patch, in a window that opens by a click."""
        head, *lines = canvas.file().splitlines()
        head = f"{head.removesuffix(f' {FONT};')} {name} 0;"
        return self._add("\n".join([head, *lines, f"#X restore {x} {y} pd {name};"]))

    def comment(self, x: int, y: int, text: str, width: int = 60) -> int:
        """A comment, broken into lines of so many characters."""
        return self._add(f"#X text {x} {y} {_escaped(text)}, f {width};")

    def phrase(self, x: int, y: int, name: str, lines: Sequence[str]) -> int:
        """A text that is kept with the patch."""
        box = self._add(f"#X obj {x} {y} text define -k {name};")
        self._boxes[box] += "\n#A set " + " ".join(f"{line} \\;" for line in lines) + ";"
        return box

    def slider(self, x: int, y: int, low: float, high: float) -> int:
        """A horizontal slider."""
        return self._widget(x, y, f"hsl 128 16 {low:.10g} {high:.10g} 0 0", "", "0 1")

    def number(self, x: int, y: int, low: float, high: float, label: str, name: str) -> int:
        """A number box, which keeps to its range."""
        return self._widget(x, y, f"nbx 8 16 {low:.10g} {high:.10g} 0 0", label, "0 256", 110, name)

    def toggle(self, x: int, y: int, label: str, name: str = "", to: str = "") -> int:
        """A switch."""
        return self._widget(x, y, "tgl 16 0", label, "0 1", 22, name, to)

    def button(self, x: int, y: int, label: str, name: str = "", to: str = "") -> int:
        """A button."""
        return self._widget(x, y, "bng 16 250 50 0", label, "", 22, name, to)

    def radio(self, x: int, y: int, count: int, label: str, name: str) -> int:
        """A row of buttons of which one is pressed."""
        return self._widget(x, y, f"hradio 16 1 0 {count}", label, "0", 16 * count + 6, name)

    def symbol(self, x: int, y: int, width: int, label: str = "-", name: str = "-") -> int:
        """A box that shows and takes a word."""
        return self._add(f"#X symbolatom {x} {y} {width} 0 0 1 {word(label)} {name} - 0;")

    def connect(self, source: int, sink: int, outlet: int = 0, inlet: int = 0) -> None:
        """A cord."""
        self._cords.append((source, outlet, sink, inlet))

    def chain(self, *boxes: int) -> int:
        """Cords from each box's first outlet to the next one's first inlet. Returns the last."""
        for source, sink in itertools.pairwise(boxes):
            self.connect(source, sink)
        return boxes[-1]

    def show(self, width: int, height: int) -> None:
        """Let a patch that uses this one see the widgets in its upper left corner."""
        self._shown = width, height

    def file(self) -> str:
        """The patch as a file."""
        lines = [f"#N canvas 40 40 {self._size[0]} {self._size[1]} {FONT};", *self._boxes]
        lines += [f"#X connect {' '.join(map(str, cord))};" for cord in self._cords]
        if self._shown:
            lines.append(f"#X coords 0 -1 1 1 {self._shown[0]} {self._shown[1]} 2 0 0;")
        return "\n".join(lines) + "\n"

    def _widget(
        self, x: int, y: int, shape: str, label: str, state: str, gap: int = 0, name: str = "", to: str = ""
    ) -> int:
        names = f"{to or 'empty'} {name or 'empty'}"
        looks = f"{gap} 8 0 {FONT} {PAPER} {INK} {INK}"
        return self._add(f"#X obj {x} {y} {shape} {names} {word(label) or 'empty'} {looks} {state}".rstrip() + ";")

    def _add(self, line: str) -> int:
        self._boxes.append(line)
        return len(self._boxes) - 1


def word(text: str) -> str:
    """Some words as one symbol in an object or a message."""
    return re.sub(r"([ ,;$])", r"\\\1", text)


def _escaped(text: str) -> str:
    text = re.sub(r"(?<!\\)\s*(?<!\\)([,;])", r" \\\1", text)
    return re.sub(r"(?<!\\)\$", r"\\$", text)
