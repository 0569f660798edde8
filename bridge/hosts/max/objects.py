"""The stock Max objects that the patches use, with their inlets and outlets.

Source: each object's page of Cycling '74's reference, docs.cycling74.com/reference/<name>; for those whose inlets or
outlets follow from the arguments (t, pack, unpack, sel, route), the words on that page that say how.
"""

from collections.abc import Sequence

_COUNTS = {
    "button": (1, 1),
    "change": (1, 3),
    "comment": (1, 0),
    "delay": (2, 1),
    "flush": (2, 2),
    "gate": (2, 1),
    "inlet": (0, 1),
    "int": (2, 1),
    "jit.net.recv": (1, 3),
    "jit.pwindow": (1, 2),
    "jweb": (1, 1),
    "live.dial": (1, 2),
    "live.menu": (1, 3),
    "live.numbox": (1, 2),
    "live.text": (1, 2),
    "live.thisdevice": (1, 3),
    "live.toggle": (1, 1),
    "loadbang": (1, 1),
    "message": (2, 1),
    "metro": (2, 1),
    "midiflush": (1, 1),
    "midiin": (1, 1),
    "midiout": (1, 0),
    "notein": (1, 3),
    "noteout": (3, 0),
    "number": (1, 2),
    "outlet": (1, 0),
    "prepend": (1, 1),
    "print": (1, 0),
    "round": (2, 1),
    "textedit": (1, 4),
    "toggle": (1, 1),
    "transport": (2, 9),
    "udpreceive": (1, 1),
    "udpsend": (1, 0),
}


def counts(name: str, arguments: Sequence[str]) -> tuple[int, int]:
    """How many inlets and outlets an object has. Raises KeyError for one that is not in use here."""
    match name:
        case "t":
            return 1, len(arguments)
        case "pack":
            return len(arguments), 1
        case "unpack":
            return 1, len(arguments)
        case "sel" | "route":  # with a single argument, a second inlet replaces it
            return (2 if len(arguments) == 1 else 1), len(arguments) + 1
    return _COUNTS[name]


def stock(name: str) -> bool:
    """Whether an object is known here, and so comes with Max."""
    return name in _COUNTS or name in ("t", "pack", "unpack", "sel", "route")
