"""``p link``: the way to the bridge and back, and whether anyone is there."""

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import pages, queries
from bridge.hosts.max.patcher import Patcher

SIZE = 2, 3
"""In: messages to the bridge; our port. Out: what the bridge says; 1 or 0, whether it is there; errors as words."""


def link(table: Table, ear: int, *, ask: bool) -> Patcher:
    """``ask``: the bridge's values are wanted as soon as it is there."""
    max_ = Patcher(900, 480)
    messages = max_.box("inlet", (20, 20, 30, 30), comment="messages to the bridge")
    port = max_.box("inlet", (240, 20, 30, 30), comment="our port")
    heard = max_.box("outlet", (240, 420, 30, 30), comment="what the bridge says")
    there = max_.box("outlet", (440, 420, 30, 30), comment="1 while the bridge is there, else 0")
    errors = max_.box("outlet", (640, 420, 30, 30), comment="what went wrong, in words")

    gate = max_.obj(20, 340, "gate")  # only the subscription is sent while nobody is there
    out = max_.obj(20, 420, f"udpsend {ports.HOST} {ports.BRIDGE}")
    max_.connect(messages, gate, 0, 1)
    max_.connect(gate, out)

    ears = max_.obj(240, 170, f"udpreceive {ear}")
    kinds = max_.obj(440, 200, "route /subscribed /unsubscribed /error")
    max_.connect(ears, heard)
    max_.connect(ears, kinds)
    moved = max_.obj(240, 70, "t b i i")
    max_.connect(port, moved)
    max_.connect(moved, kept := max_.obj(110, 130, f"int {ear}"), 2, 1)
    max_.connect(moved, to := max_.message(300, 120, "port $1"), 1)
    max_.connect(to, ears)

    again = max_.chain(
        max_.obj(110, 20, "loadbang"), max_.message(110, 45, "1"), max_.obj(110, 70, f"metro {1000 * ports.RENEWAL}")
    )
    wish = max_.message(110, 160, f"/subscribe * $1 {ports.LEASE}")
    max_.chain(again, kept, wish, out)
    max_.connect(moved, kept)

    state = _presence(max_, kinds)
    max_.connect(kinds, errors, 2)
    order = max_.obj(440, 340, "t i i")  # the way is open before anyone is told that it is
    max_.connect(state, order)
    max_.connect(order, gate, 1)
    max_.connect(order, there)
    if ask:
        met = max_.obj(560, 300, "sel 1")
        max_.connect(state, met)
        controls = [control for page in pages(table).values() for control in page]
        for position, pattern in enumerate(queries(controls)):
            question = max_.message(640 + 90 * position, 340, pattern)
            max_.connect(met, question)
            max_.connect(question, out)
    return max_


def _presence(max_: Patcher, kinds: str) -> str:
    """1 when the bridge acknowledges, 0 when it says goodbye or is silent for as long as the lease."""
    alive = max_.obj(440, 230, "t b b")
    silence = max_.obj(530, 230, f"delay {1000 * ports.LEASE}")
    yes, no = max_.message(440, 260, "1"), max_.message(530, 260, "0")
    state = max_.obj(440, 300, "change")
    max_.connect(kinds, alive)
    max_.connect(alive, silence, 1)
    max_.connect(alive, yes)
    max_.connect(silence, no)
    max_.connect(kinds, gone := max_.obj(600, 230, "t b"), 1)
    max_.connect(gone, no)
    max_.connect(yes, state)
    max_.connect(no, state)
    return state
