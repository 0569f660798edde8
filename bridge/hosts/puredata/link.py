"""antiphon-link.pd: the way to the bridge and back, and whether anyone is there.

Anything in Pd may send packets of [oscformat] to antiphon-send and hear the bridge at antiphon-heard.
"""

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import pages, queries
from bridge.hosts.puredata.canvas import ROW, Canvas


def link(table: Table) -> Canvas:
    """Arguments: the bridge's port, our own."""
    pd = Canvas(1000, 640)
    pd.comment(
        10,
        5,
        "antiphon-link BRIDGE-PORT OUR-PORT. Takes packets at antiphon-send, tells messages at antiphon-heard.",
        100,
    )
    packets = pd.obj(10, 300, "r antiphon-send")
    messages = pd.obj(300, 600, "s antiphon-heard")
    connected = pd.obj(700, 600, "s antiphon-connected")
    socket = pd.obj(10, 560, "netsend -u -b")

    # Other ports than the arguments may be sent to antiphon-port and antiphon-ear.
    start = pd.obj(10, 40, "loadbang")
    both = pd.obj(10, 40 + ROW, "t b b")
    pd.connect(start, both)
    bridge = pd.obj(10, 40 + 3 * ROW, "float $1")
    pd.connect(pd.obj(90, 40 + 2 * ROW, "r antiphon-port"), bridge)
    ear = pd.obj(250, 40 + 3 * ROW, "float $2")
    pd.connect(pd.obj(330, 40 + 2 * ROW, "r antiphon-ear"), ear)
    pd.connect(both, bridge)
    pd.connect(both, ear, 1)

    apart = pd.chain(bridge, pd.obj(10, 40 + 4 * ROW, "t f b"))
    pd.chain(apart, pd.msg(10, 40 + 5 * ROW, f"connect {ports.HOST} $1"), socket)
    leave = pd.msg(90, 40 + 6 * ROW, "disconnect")
    pd.connect(apart, leave, 1)
    pd.connect(leave, socket)

    parsed = _ears(pd, ear)
    pd.connect(parsed, messages)
    # The way is open before anyone is told that it is.
    there = pd.obj(700, 430, "t f f f")
    pd.connect(_presence(pd, parsed), there)
    pd.connect(there, connected)

    # Only the subscription is sent while nobody is there.
    gate = pd.obj(10, 480, "spigot")
    pd.connect(there, gate, 2, 1)
    pd.connect(packets, gate)
    send = pd.obj(10, 510, "list prepend send")
    pd.chain(gate, send, pd.obj(10, 535, "list trim"), socket)
    _subscription(pd, ear, send)
    _questions(pd, there, gate, table)
    return pd


def _ears(pd: Canvas, ear: int) -> int:
    """Listen at the port; returns the box that the messages come from."""
    heard = pd.obj(300, 40 + 6 * ROW, "netreceive -u -b")
    pd.chain(ear, pd.msg(300, 40 + 4 * ROW, "listen $1"), heard)
    parsed = pd.obj(300, 40 + 8 * ROW, "list trim")
    pd.chain(heard, pd.obj(300, 40 + 7 * ROW, "oscparse"), parsed)
    return parsed


def _presence(pd: Canvas, parsed: int) -> int:
    """1 when the bridge acknowledges, 0 when it says goodbye or is silent for as long as the lease."""
    kinds = pd.obj(700, 280, "route subscribed unsubscribed")
    pd.connect(parsed, kinds)
    alive = pd.obj(700, 310, "t b b")
    pd.connect(kinds, alive)
    silence = pd.obj(780, 340, f"delay {1000 * ports.LEASE}")
    pd.connect(alive, silence, 1)
    yes, no = pd.msg(700, 370, "1"), pd.msg(780, 370, "0")
    pd.connect(alive, yes)
    pd.connect(silence, no)
    gone = pd.obj(860, 310, "bang")
    pd.connect(kinds, gone, 1)
    pd.connect(gone, no)
    change = pd.obj(700, 400, "change 0")
    pd.connect(yes, change)
    pd.connect(no, change)
    said = pd.obj(820, 430, "sel 1 0")
    pd.connect(change, said)
    tell = pd.obj(820, 500, "print antiphon")
    for outlet, words in enumerate(("connected to the bridge", "the bridge is gone")):
        box = pd.msg(820 + 20 * outlet, 455 + outlet * ROW, words)
        pd.connect(said, box, outlet)
        pd.connect(box, tell)
    return change


def _subscription(pd: Canvas, ear: int, send: int) -> None:
    """Subscribe to everything, now and again."""
    again = pd.obj(500, 70, f"metro {1000 * ports.RENEWAL}")
    pd.chain(pd.obj(500, 10 + ROW, "loadbang"), pd.msg(600, 10 + ROW, "1"), again)
    at = pd.obj(500, 70 + ROW, "float $2")
    pd.connect(again, at)
    pd.connect(ear, at, 0, 1)
    moved = pd.obj(420, 70, "delay 50")  # a new port is wanted at once, but after it was connected to
    pd.connect(ear, moved)
    pd.connect(moved, at)
    wish = pd.msg(500, 70 + 2 * ROW, f"list * $1 {ports.LEASE}")
    pd.chain(at, wish, pd.obj(500, 70 + 3 * ROW, "oscformat -f sff subscribe"), send)


def _questions(pd: Canvas, there: int, gate: int, table: Table) -> None:
    """Ask for every parameter's value once the bridge is there."""
    controls = [control for page in pages(table).values() for control in page]
    met = pd.obj(500, 440, "sel 1")
    pd.connect(there, met, 1)
    for position, pattern in enumerate(queries(controls)):
        ask = pd.obj(200, 440 + ROW * position, f"oscformat {pattern.strip('/').replace('/', ' ')}")
        pd.connect(met, ask)
        pd.connect(ask, gate)
