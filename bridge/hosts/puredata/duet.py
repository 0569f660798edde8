"""antiphon.pd: opens and works. Play a MIDI keyboard or press the phrase, and hear the answer."""

from collections.abc import Mapping, Sequence

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import Control, pages
from bridge.hosts.puredata.canvas import ROW, Canvas
from bridge.hosts.puredata.page import WIDTH, receiver

TOP = 120
"""Where the pages begin."""


def duet(table: Table) -> Canvas:
    """The patch to open: what is seen; the cords are in antiphon-play.pd."""
    found = pages(table)
    places = _places({root: controls for root, controls in found.items() if root})
    bottom = max(y + 24 + ROW * len(found[root]) for root, (_, y) in places.items())
    pd = Canvas(2 * WIDTH + 40, bottom + 90)
    help_text = "Antiphon. Start 'antiphon serve', play a MIDI keyboard (Media, MIDI Settings) or press the phrase."
    pd.comment(10, 8, f"{help_text} The answer begins on the bar line after your call of two bars.", 130)
    pd.toggle(10, 50, "connected", name="antiphon-lamp")
    pd.button(150, 50, "play a phrase", name="antiphon-play", to="antiphon-phrase-begins")
    pd.toggle(310, 50, "sound", name="antiphon-sound", to="antiphon-sounding")
    pd.toggle(400, 50, "print all that comes", name="antiphon-print", to="antiphon-printing")
    pd.symbol(620, 48, 12, "state", name="antiphon-state")
    for column, control in enumerate(found.get("", [])):
        pd.button(10 + 130 * column, 50 + ROW + 8, control.label, name=receiver(control), to=f"pressed{control.path}")
    for root, (x, y) in places.items():
        pd.obj(x, y, f"antiphon-{root}")
    pd.chain(pd.obj(10, bottom + 5, "r antiphon-error"), pd.msg(10, bottom + 32, "no errors"))
    pd.obj(560, bottom + 5, f"antiphon-link {ports.BRIDGE} {ports.PURE_DATA}")
    pd.obj(800, bottom + 5, "antiphon-play")
    return pd


def _places(roots: Mapping[str, Sequence[Control]]) -> dict[str, tuple[int, int]]:
    """Where each page is drawn: the longest on top of the left column, each where most room is left."""
    bottoms = {10: TOP, 30 + WIDTH: TOP}
    places = {}
    for root in sorted(roots, key=lambda root: -len(roots[root])):
        x = min(bottoms, key=lambda x: bottoms[x])
        places[root] = x, bottoms[x]
        bottoms[x] += 24 + ROW * len(roots[root])
    return places
