"""antiphon.pd: opens and works. Play a MIDI keyboard or press the phrase, and hear the answer."""

from collections.abc import Sequence

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import Control, pages
from bridge.hosts.puredata.canvas import ROW, Canvas
from bridge.hosts.puredata.page import WIDTH, follow, receiver

PHRASE = ((0, 60), (1, 62), (1, 64), (1, 67), (1, 64), (1, 62), (1, 60))
"""Beats to wait, and a pitch."""
TOP = 160
"""Where the pages begin."""


def duet(table: Table) -> Canvas:
    """The patch to open."""
    found = pages(table)
    roots = {root: controls for root, controls in found.items() if root}
    wires = TOP + 60 + ROW * max(len(controls) for controls in _columns(roots).values())
    pd = Canvas(1020, wires + 280)
    help_text = "Antiphon. Start 'antiphon serve', play a MIDI keyboard (Media, MIDI Settings) or press the phrase."
    pd.comment(10, 8, f"{help_text} The answer begins on the bar line after your call of two bars.", 130)
    link = pd.obj(10, wires + 220, f"antiphon-link {ports.BRIDGE} {ports.PURE_DATA}")

    connected = pd.toggle(10, 50, "connected")
    seen = pd.msg(130, wires + 250, "set $1")
    pd.connect(link, seen, 1)
    pd.connect(seen, connected)
    for column, control in enumerate(found.get("", [])):
        pressed = pd.button(10 + 130 * column, 50 + ROW, control.label, receiver(control))
        pd.chain(pressed, pd.obj(700, wires + ROW * column, f"oscformat {' '.join(control.words)}"), link)
    _play(pd, wires, link)
    _hear(pd, wires, link)
    for root, (x, y) in _places(roots).items():
        shown = pd.obj(x, y, f"antiphon-{root}")
        pd.connect(link, shown)
        pd.connect(shown, link)
    return pd


def _play(pd: Canvas, wires: int, link: int) -> None:
    """The keyboard and the phrase go to the bridge."""
    phrase = pd.button(150, 50, "play a phrase", "antiphon-play")
    notes = pd.obj(280, wires + 4 * ROW, "pack f f f")
    order = pd.msg(280, wires + 5 * ROW, "$3 $1 $2")
    pd.chain(notes, order, pd.obj(280, wires + 6 * ROW, "oscformat music note in"), link)
    keyboard = pd.obj(400, wires, "notein")
    for outlet in (2, 1, 0):
        pd.connect(keyboard, notes, outlet, outlet)

    pd.phrase(150, wires + 7 * ROW, "antiphon-phrase", [f"{wait} {pitch}" for wait, pitch in PHRASE])
    player = pd.obj(150, wires + 2 * ROW, "text sequence antiphon-phrase -w 1")
    pace = pd.msg(20, wires + ROW, "tempo $1 permin")
    tempo = pd.obj(20, wires, "r antiphon-tempo")
    pd.chain(tempo, pace, player)
    started = pd.obj(150, wires + ROW, "t b b")
    begin = pd.msg(220, wires + ROW, "line 0, auto")
    pd.connect(phrase, started)
    pd.connect(started, begin)
    pd.connect(begin, player)
    each = pd.obj(150, wires + 3 * ROW, "t f b")
    pd.connect(player, each)
    channel = pd.msg(340, wires + 2 * ROW, "1")
    pd.connect(each, channel, 1)
    pd.connect(channel, notes, 0, 2)
    made = pd.obj(150, wires + 4 * ROW, "makenote 100 400")
    pd.connect(each, made)
    pd.connect(made, notes, 1, 1)
    pd.connect(made, notes)


def _hear(pd: Canvas, wires: int, link: int) -> None:
    """What the bridge says: notes to play, its state, what went wrong."""
    sound = pd.toggle(280, 50, "sound")
    loaded = pd.obj(900, wires, "loadbang")
    pd.chain(loaded, pd.msg(900, wires + ROW, "1"), sound, pd.msg(900, wires + 2 * ROW, "; pd dsp $1"))
    every = pd.toggle(360, 50, "print all that comes", "antiphon-print")
    gate = pd.obj(560, wires + 2 * ROW, "spigot")
    pd.connect(link, gate)
    pd.connect(every, gate, 0, 1)
    pd.connect(gate, pd.obj(560, wires + 3 * ROW, "print antiphon"))

    kinds = pd.obj(440, wires + 4 * ROW, "route music clock error")
    pd.connect(link, kinds)
    music = pd.obj(440, wires + 5 * ROW, "route note state")
    pd.connect(kinds, music)
    tempo = pd.obj(760, wires + 5 * ROW, "route tempo")
    pd.connect(kinds, tempo, 1)
    pd.connect(tempo, pd.obj(760, wires + 6 * ROW, "s antiphon-tempo"))
    out = pd.obj(440, wires + 6 * ROW, "route out")
    pd.connect(music, out)
    follow(pd, 620, wires + 7 * ROW, (music, 1), pd.symbol(280, 50 + ROW, 12))

    player = pd.obj(440, wires + 7 * ROW, "antiphon-notes")
    pd.connect(out, player)
    pd.connect(link, player, 1, 1)
    ear = pd.obj(440, wires + 8 * ROW, "dac~")
    pd.connect(player, ear)
    pd.connect(player, ear, 0, 1)

    last = pd.msg(10, 50 + 3 * ROW, "no errors")
    follow(pd, 620, wires + 5 * ROW, (kinds, 2), last)
    pd.connect(kinds, pd.obj(760, wires + 7 * ROW, "print antiphon error"), 2)


def _columns(roots: dict[str, Sequence[Control]]) -> dict[int, list[Control]]:
    columns: dict[int, list[Control]] = {}
    for root, (x, _) in _places(roots).items():
        columns.setdefault(x, []).extend(roots[root])
    return columns


def _places(roots: dict[str, Sequence[Control]]) -> dict[str, tuple[int, int]]:
    """Where each page is drawn: the longest on top of the left column, each where most room is left."""
    bottoms = {10: TOP, 30 + WIDTH: TOP}
    places = {}
    for root in sorted(roots, key=lambda root: -len(roots[root])):
        x = min(bottoms, key=lambda x: bottoms[x])
        places[root] = x, bottoms[x]
        bottoms[x] += 24 + ROW * len(roots[root])
    return places
