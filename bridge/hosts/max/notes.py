"""Notes to the bridge and from it."""

from bridge.hosts.max.patcher import Patcher


def play(max_: Patcher, link: str, x: float, y: float) -> None:
    """What is played on MIDI goes to the bridge."""
    keyboard = max_.obj(x, y, "notein")
    note = max_.obj(x, y + 30, "pack 0 0 0")
    for outlet in range(3):
        max_.connect(keyboard, note, outlet, outlet)
    max_.chain(note, max_.message(x, y + 60, "/music/note/in $3 $1 $2"), link)


def answer(max_: Patcher, link: str, x: float, y: float) -> None:
    """The answer goes to MIDI; what still sounds ends with the bridge."""
    notes = max_.obj(x, y, "route /music/note/out")
    max_.connect(link, notes)
    parts = max_.chain(notes, max_.message(x, y + 30, "$2 $3 $1"), max_.obj(x, y + 60, "unpack 0 0 0"))
    held = max_.obj(x, y + 90, "flush")
    out = max_.obj(x, y + 120, "noteout")
    # From right to left: the channel, then the velocity, then the pitch, which sounds.
    max_.connect(parts, out, 2, 2)
    for outlet in (1, 0):
        max_.connect(parts, held, outlet, outlet)
        max_.connect(held, out, outlet, outlet)
    gone = max_.obj(x + 120, y + 30, "sel 0")
    max_.connect(link, gone, 1)
    max_.connect(gone, held)


def transport(max_: Patcher, link: str, x: float, y: float) -> None:
    """The bridge follows Max's or Live's transport: tempo, metre, and the first beat of each bar."""
    start = max_.obj(x, y, "loadbang")
    on = max_.message(x, y + 30, "1")
    beats = max_.obj(x, y + 60, "metro 4n @quantize 4n")
    here = max_.obj(x, y + 90, "transport")
    max_.chain(start, on, beats, here)
    tempo = max_.obj(x + 190, y + 120, "change 0.")
    max_.connect(here, tempo, 4)
    max_.chain(tempo, max_.message(x + 190, y + 150, "/clock/tempo $1"), link)
    metre = max_.obj(x + 310, y + 120, "unpack 0 0")
    max_.connect(here, metre, 5)
    max_.chain(
        metre, max_.obj(x + 310, y + 150, "change"), max_.message(x + 310, y + 180, "/clock/beats_per_bar $1"), link
    )
    first = max_.obj(x, y + 120, "sel 1")
    max_.connect(here, first, 1)
    max_.chain(first, max_.message(x, y + 150, "/clock/downbeat"), link)
