"""A quark for SuperCollider 3.12 or newer: a class with its help and an example; the table as a class of its own."""

from collections.abc import Iterable
from pathlib import Path

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import Control, pages, queries

CLASSES = ("Antiphon.sc", "AntiphonWindow.sc")
HEADING = '// Written by "antiphon patches" from the table of addresses; do not edit.'


def files(table: Table) -> dict[str, bytes]:
    """The quark's files by path."""
    here = Path(__file__).parent
    written = {f"Classes/{name}": (here / name).read_bytes() for name in CLASSES}
    written["Classes/AntiphonTable.sc"] = _table(table).encode()
    written["HelpSource/Classes/Antiphon.schelp"] = (here / "Antiphon.schelp").read_bytes()
    return written | {name: (here / name).read_bytes() for name in ("antiphon.quark", "example.scd")}


def _table(table: Table) -> str:
    controls = [control for page in pages(table).values() for control in page]
    values = [control for control in controls if control.kind != "button"]
    specs = [control for control in values if control.kind in ("slider", "number")]
    rows = [f"['{c.path}', \\{c.kind}, {_text(c.title)}, {_text(c.doc)}]" for c in controls]
    members = {
        "controls": f"[{_lines(rows)}]",
        "specs": _dictionary({control.path: _spec(control) for control in specs}),
        "choices": _dictionary({c.path: f"[{', '.join(map(_symbol, c.choices))}]" for c in values if c.choices}),
        "defaults": _dictionary({control.path: _value(control) for control in values}),
    }
    facts = {"bridgePort": ports.BRIDGE, "lease": float(ports.LEASE), "renewal": ports.RENEWAL}
    asked = ", ".join(_symbol(pattern) for pattern in queries(controls))
    lines = [HEADING, "AntiphonTable {", f"\tclassvar {', '.join(f'<{name}' for name in members)};", ""]
    lines += [f"\t*{name} {{ ^{value} }}" for name, value in facts.items()]
    lines += [f"\t*queries {{ ^[{asked}] }}", "", "\t*initClass {", "\t\tClass.initClassTree(Warp);"]
    lines += [f"\t\t{name} = {value};" for name, value in members.items()]
    return "\n".join([*lines, "\t}", "}"]) + "\n"


def _dictionary(entries: dict[str, str]) -> str:
    return f"IdentityDictionary[{_lines(f'{_symbol(path)} -> {value}' for path, value in entries.items())}]"


def _spec(control: Control) -> str:
    step = 1 if control.kind == "number" else 0
    extent = f"{control.low:.10g}, {control.high:.10g}"
    return f"ControlSpec({extent}, \\lin, {step}, {control.start:.10g}, {_text(control.unit)})"


def _value(control: Control) -> str:
    return _symbol(control.default) if isinstance(control.default, str) else f"{control.start:.10g}"


def _symbol(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _text(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _lines(rows: Iterable[str]) -> str:
    return ",".join(f"\n\t\t\t{row}" for row in rows) + "\n\t\t"
