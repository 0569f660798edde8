"""A Max patcher as boxes and patchcords, written as the JSON that Max saves."""

import itertools
import json
import re
import shlex
from typing import Any

from bridge.hosts.max.objects import counts

Rect = tuple[float, float, float, float]
"""Left, top, width and height in pixels."""

_HEIGHT = 22.0


class Patcher:
    """One patcher; what adds a box returns its id, which patchcords go from and to."""

    def __init__(self, width: float, height: float, presentation: bool = False) -> None:
        self._boxes: list[dict[str, Any]] = []
        self._lines: list[dict[str, Any]] = []
        self._width, self._height, self._presentation = width, height, presentation

    def obj(
        self, x: float, y: float, text: str, inside: "Patcher | None" = None, ports: tuple[int, int] = (0, 0)
    ) -> str:
        """An object; with ``inside``, a subpatcher with so many inlets and outlets."""
        name, *arguments = shlex.split(text)
        plain = [argument for argument in arguments if not argument.startswith("@")]
        size = ports if inside else counts(name, plain)
        extra: dict[str, Any] = {"patcher": inside.patcher()} if inside else {}
        return self.box("newobj", (x, y, 8 + 6.5 * len(text), _HEIGHT), size, text=text, **extra)

    def message(self, x: float, y: float, text: str, shown: Rect | None = None) -> str:
        """A message box."""
        return self.box("message", (x, y, 12 + 6.5 * len(text), _HEIGHT), None, shown, text=text)

    def comment(self, rect: Rect, text: str, shown: Rect | None = None) -> str:
        """Words to read."""
        return self.box("comment", rect, None, shown, text=text, linecount=max(1, round(rect[3] / 18)))

    def box(
        self,
        maxclass: str,
        rect: Rect,
        size: tuple[int, int] | None = None,
        shown: Rect | None = None,
        **attributes: Any,
    ) -> str:
        """Any box; ``shown`` is where it is in presentation mode."""
        inlets, outlets = counts(maxclass, ()) if size is None else size
        box: dict[str, Any] = {"id": f"obj-{len(self._boxes) + 1}", "maxclass": maxclass}
        box |= {"numinlets": inlets, "numoutlets": outlets, "patching_rect": list(rect)}
        if maxclass in ("inlet", "outlet"):  # numbered as they are added, which is to be from left to right
            box["index"] = 1 + sum(entry["box"]["maxclass"] == maxclass for entry in self._boxes)
        if outlets:
            box["outlettype"] = [""] * outlets
        if shown:
            box |= {"presentation": 1, "presentation_rect": list(shown)}
        self._boxes.append({"box": box | attributes})
        return str(box["id"])

    def connect(self, source: str, sink: str, outlet: int = 0, inlet: int = 0) -> None:
        """A patchcord."""
        self._lines.append({"patchline": {"source": [source, outlet], "destination": [sink, inlet]}})

    def chain(self, *boxes: str) -> str:
        """Patchcords from each box's first outlet to the next one's first inlet. Returns the last."""
        for source, sink in itertools.pairwise(boxes):
            self.connect(source, sink)
        return boxes[-1]

    def patcher(self) -> dict[str, Any]:
        """The patcher as Max keeps it in memory and in files."""
        return {
            "fileversion": 1,
            "appversion": {"major": 8, "minor": 6, "revision": 0, "architecture": "x64", "modernui": 1},
            "classnamespace": "box",
            "rect": [60.0, 90.0, self._width, self._height],
            "bglocked": 0,
            "openinpresentation": int(self._presentation),
            "default_fontsize": 12.0,
            "default_fontface": 0,
            "default_fontname": "Arial",
            "gridsize": [15.0, 15.0],
            "boxes": self._boxes,
            "lines": self._lines,
        }

    def file(self) -> bytes:
        """The patch as a file."""
        return (written({"patcher": self.patcher()}) + "\n").encode()


def written(content: dict[str, Any]) -> str:
    """As JSON, with a line for each box and patchcord: what Max itself writes is twice as long."""
    text = json.dumps(content, separators=(",", ":"))
    return re.sub(r',(?={"(?:box|patchline)":)', ",\n", text)
