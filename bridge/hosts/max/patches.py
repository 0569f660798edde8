"""The patches for Max: music, frames, and everything."""

from collections.abc import Sequence

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import BY_ITSELF, Control, example, pages, under
from bridge.hosts.max import link, notes
from bridge.hosts.max.page import Page
from bridge.hosts.max.patcher import Patcher
from bridge.hosts.max.widgets import port_box
from models.contract import Value

ROWS = 5
"""Controls above each other."""
MESSAGES = 20
"""Messages above each other."""
TOP = 120.0
WIRES = 560.0
"""Left edge of what is not in the presentation."""


def music(table: Table) -> Patcher:
    """Play, hear the answer, and turn what belongs to it."""
    max_, to = _frame(table, "Play a MIDI keyboard; the answer begins on the bar line after your call.")
    _music(max_, to)
    _pages(max_, to, [pages(table)[root] for root in ("clock", "music", "")])
    return max_


def frames(table: Table) -> Patcher:
    """See the frames, and turn what belongs to them."""
    max_, to = _frame(table, "The frames come as matrices, by jit.net.recv, which anything of Jitter's may follow.")
    right = _pages(max_, to, [pages(table)["frames"], under("/sinks/jitnet/", table)])
    _matrix(max_, to, right, int(str(table["/sinks/jitnet/port"].arguments[0].default)))
    return max_


def everything(table: Table) -> Patcher:
    """Music and frames to turn, and a message for everything else, with arguments that the table allows."""
    max_, to = _frame(table, "Everything: play, turn, watch; and a message for each other address.")
    _music(max_, to)
    found = pages(table)
    turned = [found[root] for root in ("clock", "music", "frames", "")]
    right = _pages(max_, to, turned)
    have = {control.path for page in turned for control in page} | BY_ITSELF
    rest = [entry for entry in table.entries.values() if entry.kind != "event" and entry.path not in have]
    for position, entry in enumerate(rest):
        words = " ".join([entry.path, *map(_argument, example(entry))])
        column, row = divmod(position, MESSAGES)
        place = (right + 320 * column, TOP + 26 * row, 312.0, 22.0)
        max_.connect(max_.message(place[0], place[1], words, place), to)
    _web(max_, right + 320 * (1 + (len(rest) - 1) // MESSAGES))
    return max_


def _frame(table: Table, words: str) -> tuple[Patcher, str]:
    """A patcher with the link, its lamp, its port and what went wrong."""
    max_ = Patcher(1200, 520, presentation=True)
    max_.comment((20, 10, 700, 24), f"Antiphon. Start 'antiphon serve'. {words}", (20, 10, 900, 24))
    to = max_.obj(WIRES, 480, "p link", link.link(table, ports.MAX, ask=True), link.SIZE)
    lamp = max_.box("toggle", (20, 40, 20, 20), None, (20, 40, 20, 20), ignoreclick=1)
    max_.connect(to, lamp, 1)
    max_.comment((45, 40, 90, 20), "connected", (45, 40, 90, 20))
    max_.comment((140, 40, 120, 20), "receives on port", (140, 40, 120, 20))
    port = port_box(max_, "port", ports.MAX, (260, 40, 60, 20))
    max_.connect(port, to, 0, 1)
    error = max_.message(20, 70, "no errors", (20, 70, 700, 22))
    shown = max_.obj(WIRES, 440, "prepend set")
    max_.connect(to, shown, 2)
    max_.connect(shown, error)
    return max_, to


def _music(max_: Patcher, to: str) -> None:
    notes.play(max_, to, WIRES, 40)
    notes.answer(max_, to, WIRES, 150)
    state = max_.message(340, 40, "waiting", (340, 40, 100, 22))
    told = max_.obj(WIRES, 330, "route /music/state")
    max_.connect(to, told)
    max_.chain(told, max_.obj(WIRES, 360, "prepend set"), state)


def _pages(max_: Patcher, to: str, controls: Sequence[Sequence[Control]]) -> float:
    page, right = Page(max_, to, follow=True), 20.0
    for group in controls:
        right = page.add(group, right, TOP, ROWS) + 24
    return right


def _argument(value: Value) -> str:
    """As it stands in a message box: nothing and several words are one word in quotes."""
    return f'"{value}"' if isinstance(value, str) and (not value or " " in value) else str(value)


def _matrix(max_: Patcher, to: str, left: float, port: int) -> None:
    """What the bridge's sink for Jitter sends, which is turned on as soon as the bridge is there."""
    there = max_.obj(WIRES, 330, "sel 1")
    max_.connect(to, there, 1)
    max_.chain(there, max_.message(WIRES, 360, "/sinks/jitnet/on 1"), to)
    frames = max_.obj(20, 470, f"jit.net.recv @port {port}")
    max_.connect(frames, max_.box("jit.pwindow", (20, 500, 320, 320), None, (left, TOP, 320.0, 320.0)))


def _web(max_: Patcher, left: float) -> None:
    """The bridge's web page."""
    rect = (left, TOP, 400.0, 300.0)
    web = max_.box("jweb", (20, 200, 400, 300), None, rect, url=ports.PAGE)
    max_.connect(max_.message(20, 520, f"url {ports.PAGE}", (left, TOP + 310, 200, 22)), web)
