"""The patches for Max: music, frames, and everything."""

from collections.abc import Sequence

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import BY_ITSELF, Control, example, pages
from bridge.hosts.max import link, notes
from bridge.hosts.max.page import Page
from bridge.hosts.max.patcher import Patcher
from bridge.hosts.max.widgets import port_box

ROWS = 5
"""Controls above each other."""
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
    max_, to = _frame(table, "The frames as the bridge's web page shows them.")
    right = _pages(max_, to, [pages(table)["frames"]])
    _picture(max_, right)
    return max_


def everything(table: Table) -> Patcher:
    """Every parameter, and a message for every action with arguments that the table allows."""
    max_, to = _frame(table, "Everything: play, turn, watch; and a message for each action.")
    _music(max_, to)
    right = _pages(max_, to, list(pages(table).values()))
    actions = [entry for entry in table.entries.values() if entry.kind == "action" and entry.arguments]
    actions = [entry for entry in actions if entry.path not in BY_ITSELF]
    for row, entry in enumerate(actions):
        words = " ".join([entry.path, *map(str, example(entry))])
        place = (right, TOP + 30 * row, 12 + 6.5 * len(words), 22.0)
        max_.connect(max_.message(place[0], place[1], words, place), to)
    _picture(max_, right + 300)
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


def _pages(max_: Patcher, to: str, controls: list[Sequence[Control]]) -> float:
    page, right = Page(max_, to, follow=True), 20.0
    for group in controls:
        right = page.add(group, right, TOP, ROWS) + 24
    return right


def _picture(max_: Patcher, left: float) -> None:
    """The web page: the bridge has no jit.net sink yet, so that jit.net.recv cannot be used."""
    rect = (left, TOP, 400.0, 300.0)
    web = max_.box("jweb", (20, 200, 400, 300), None, rect, url=ports.PAGE)
    max_.connect(max_.message(20, 520, f"url {ports.PAGE}", (left, TOP + 310, 200, 22)), web)
