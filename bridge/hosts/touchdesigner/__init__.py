"""A script that builds a component in TouchDesigner, whose own files are binary."""

from pathlib import Path
from pprint import pformat
from typing import Any

from bridge.addresses import Table
from bridge.config import Settings
from bridge.hosts import ports
from bridge.hosts.controls import Control, pages, queries

HERE = Path(__file__).parent
QUOTES = "'''"


def files(table: Table) -> dict[str, bytes]:
    """The script by its file name."""
    found = [(root, control) for root, page in pages(table).items() for control in page]
    facts = {
        "BRIDGE": repr((ports.HOST, ports.BRIDGE, ports.TOUCH_DESIGNER)),
        "FRAMES": repr((f"{ports.PAGE}frames.mjpeg", Settings().width, Settings().height)),
        "CONTROLS": pformat([_row(root, control) for root, control in found], width=118),
        "MEMORY": repr(f"antiphon-{Settings().http_port}"),
        "READER": f"{QUOTES}{(HERE / 'memory.txt').read_text('utf-8')}{QUOTES}",
        "LINK": f"'''{_link([control for _, control in found])}'''",
    }
    script = (HERE / "build.txt").read_text("utf-8")
    for name, value in facts.items():
        script = script.replace(f"@{name}@", value)
    return {"antiphon.py": script.encode()}


def parameter_name(control: Control) -> str:
    """As TouchDesigner wants custom parameters to be called: a capital, then small letters and digits."""
    return "".join(letter for letter in control.path if letter.isalnum()).capitalize()


def _row(root: str, control: Control) -> tuple[Any, ...]:
    page = root.capitalize() or "Everywhere"
    label, low, high = control.label.title(), control.low, control.high
    if control.unit:
        label += f" ({control.unit})"
    if control.kind == "number":
        low, high = int(low), int(high)
    name = parameter_name(control)
    return (
        page,
        name,
        label,
        control.kind,
        control.path,
        control.default,
        low,
        high,
        list(control.choices),
        control.doc,
    )


def _link(controls: list[Control]) -> str:
    names = {control.path: parameter_name(control) for control in controls}
    values = {control.path: names[control.path] for control in controls if control.kind != "button"}
    text = (HERE / "link.txt").read_text("utf-8")
    doc, _, rest = text.partition("\n\n")
    facts = [
        f"LEASE, RENEWAL = {float(ports.LEASE)}, {float(ports.RENEWAL)}",
        f"QUERIES = {pformat(queries(controls), width=110)}",
        f"NAMES = {pformat(values, width=110)}",
        f"PATHS = {pformat({name: path for path, name in names.items()}, width=110)}",
    ]
    return "\n\n".join([doc, "\n".join(facts), rest])
