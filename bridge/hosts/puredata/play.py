"""antiphon-play.pd: from the keyboard and the phrase to the bridge, and from the bridge to what is heard and shown."""

from bridge.addresses import Table
from bridge.hosts.controls import pages
from bridge.hosts.puredata.canvas import ROW, Canvas
from bridge.hosts.puredata.page import follow

PHRASE = ((0, 60), (1, 62), (1, 64), (1, 67), (1, 64), (1, 62), (1, 60))
"""Beats to wait, and a pitch."""


def play(table: Table) -> Canvas:
    """What is behind the widgets of antiphon.pd."""
    pd = Canvas(1100, 420)
    send = pd.obj(20, 360, "s antiphon-send")
    for row, control in enumerate(pages(table).get("", [])):
        pressed = pd.obj(820, 10 + 2 * ROW * row, f"r pressed{control.path}")
        pd.chain(pressed, pd.obj(820, 10 + ROW + 2 * ROW * row, f"oscformat {' '.join(control.words)}"), send)
    _keyboard(pd, send)
    _answer(pd)
    _words(pd)
    return pd


def _keyboard(pd: Canvas, send: int) -> None:
    """The keyboard and the phrase go to the bridge."""
    notes = pd.obj(180, 10 + 5 * ROW, "pack f f f")
    order = pd.msg(180, 10 + 6 * ROW, "$3 $1 $2")
    pd.chain(notes, order, pd.obj(180, 10 + 7 * ROW, "oscformat music note in"), send)
    keyboard = pd.obj(320, 10, "notein")
    for outlet in (2, 1, 0):
        pd.connect(keyboard, notes, outlet, outlet)

    pd.phrase(20, 330, "antiphon-phrase", [f"{wait} {pitch}" for wait, pitch in PHRASE])
    player = pd.obj(20, 10 + 3 * ROW, "text sequence antiphon-phrase -w 1")
    pace = pd.msg(150, 10 + 2 * ROW, "tempo $1 permin")
    pd.chain(pd.obj(150, 10 + ROW, "r antiphon-tempo"), pace, player)
    begin = pd.msg(20, 10 + ROW, "line 0, auto")
    pd.chain(pd.obj(20, 10, "r antiphon-phrase-begins"), begin, player)
    each = pd.obj(20, 10 + 4 * ROW, "t f b")
    pd.connect(player, each)
    channel = pd.msg(270, 10 + 4 * ROW, "1")
    pd.connect(each, channel, 1)
    pd.connect(channel, notes, 0, 2)
    made = pd.obj(20, 10 + 5 * ROW, "makenote 100 400")
    pd.connect(each, made)
    pd.connect(made, notes, 1, 1)
    pd.connect(made, notes)


def _answer(pd: Canvas) -> None:
    """The answer is played; the sound is on from the start."""
    out = pd.chain(
        pd.obj(440, 10, "r antiphon-heard"),
        pd.obj(440, 10 + ROW, "route music"),
        pd.obj(440, 10 + 2 * ROW, "route note"),
        pd.obj(440, 10 + 3 * ROW, "route out"),
    )
    player = pd.obj(440, 10 + 5 * ROW, "antiphon-notes")
    pd.connect(out, player)
    pd.connect(pd.obj(540, 10 + 4 * ROW, "r antiphon-connected"), player, 0, 1)
    ear = pd.obj(440, 10 + 6 * ROW, "dac~")
    pd.connect(player, ear)
    pd.connect(player, ear, 0, 1)
    pd.chain(pd.obj(440, 250, "loadbang"), pd.msg(440, 250 + ROW, "1"), pd.obj(440, 250 + 2 * ROW, "s antiphon-sound"))
    pd.chain(pd.obj(620, 250, "r antiphon-sounding"), pd.msg(620, 250 + ROW, "; pd dsp $1"))


def _words(pd: Canvas) -> None:
    """What the bridge says is shown and, if wanted, printed."""
    heard = pd.obj(620, 10, "r antiphon-heard")
    gate = pd.obj(620, 10 + 5 * ROW, "spigot")
    pd.connect(heard, gate)
    pd.connect(pd.obj(680, 10 + 4 * ROW, "r antiphon-printing"), gate, 0, 1)
    pd.connect(gate, pd.obj(620, 10 + 6 * ROW, "print antiphon"))
    kinds = pd.obj(620, 10 + ROW, "route music clock error")
    pd.connect(heard, kinds)
    state = pd.obj(620, 10 + 2 * ROW, "route state")
    pd.connect(kinds, state)
    follow(pd, 700, 10 + 7 * ROW, (state, 0), pd.obj(830, 10 + 8 * ROW, "s antiphon-state"))
    tempo = pd.obj(720, 10 + 2 * ROW, "route tempo")
    pd.connect(kinds, tempo, 1)
    pd.connect(tempo, pd.obj(720, 10 + 3 * ROW, "s antiphon-tempo"))
    follow(pd, 820, 10 + 5 * ROW, (kinds, 2), pd.obj(950, 10 + 6 * ROW, "s antiphon-error"))
    pd.connect(kinds, pd.obj(820, 10 + 4 * ROW, "print antiphon error"), 2)
    lamp = pd.msg(820, 250 + ROW, "set $1")
    pd.chain(pd.obj(820, 250, "r antiphon-connected"), lamp, pd.obj(820, 250 + 2 * ROW, "s antiphon-lamp"))
