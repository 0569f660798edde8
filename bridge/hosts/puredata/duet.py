"""antiphon.pd: opens and works. Play a MIDI keyboard or press the phrase, and hear the answer."""

from collections.abc import Mapping, Sequence

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import Control, pages
from bridge.hosts.puredata.canvas import ROW, Canvas
from bridge.hosts.puredata.page import WIDTH, parts, receiver, size

TOP = 120
"""Where the pages begin."""
SEEN = ("music", "clock")
"""The pages that are seen at once, side by side."""


def duet(table: Table) -> Canvas:
    """The patch to open: what is seen; the cords are in antiphon-play.pd."""
    found = parts(table)
    bottom = max(TOP + size(len(found[root]))[1] for root in SEEN) + 20
    pd = Canvas(2 * WIDTH + 40, bottom + 70)
    help_text = "Antiphon. Start 'antiphon serve', play a MIDI keyboard (Media, MIDI Settings) or press the phrase."
    pd.comment(10, 8, f"{help_text} The answer begins on the bar line after your call of two bars.", 130)
    pd.toggle(10, 50, "connected", name="antiphon-lamp")
    pd.button(150, 50, "play a phrase", name="antiphon-play", to="antiphon-phrase-begins")
    pd.toggle(310, 50, "sound", name="antiphon-sound", to="antiphon-sounding")
    pd.toggle(400, 50, "print all that comes", name="antiphon-print", to="antiphon-printing")
    pd.symbol(620, 48, 12, "state", name="antiphon-state")
    for column, control in enumerate(pages(table).get("", [])):
        pd.button(10 + 130 * column, 50 + ROW + 8, control.label, name=receiver(control), to=f"pressed{control.path}")
    for column, root in enumerate(SEEN):
        pd.obj(10 + (WIDTH + 20) * column, TOP, f"antiphon-{root}")
    _doors(pd, {root: found[root] for root in found if root not in SEEN}, TOP + size(len(found[SEEN[-1]]))[1] + 20)
    pd.chain(pd.obj(10, bottom + 5, "r antiphon-error"), pd.msg(10, bottom + 32, "no errors"))
    pd.obj(560, bottom + 5, f"antiphon-link {ports.BRIDGE} {ports.PURE_DATA}")
    pd.obj(800, bottom + 5, "antiphon-play")
    return pd


def _doors(pd: Canvas, others: Mapping[str, Sequence[Control]], top: int) -> None:
    """The other pages, each in a window of its own."""
    left = 30 + WIDTH
    pd.comment(left, top, "Click one of these to open its controls:", 60)
    for position, (root, controls) in enumerate(others.items()):
        width, height = size(len(controls))
        window = Canvas(width + 50, height + 50)
        window.obj(10, 10, f"antiphon-{root}")
        pd.inside(left + 230 * (position % 2), top + ROW * (1 + position // 2), root, window)
