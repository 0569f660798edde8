"""Chord symbols as 49 classes: none, and 12 roots each of major, minor, augmented and diminished triads.

Sources (behaviour): note_seq `chord_symbols_lib.py`, `chords_encoder_decoder.py` TriadChordOneHotEncoding.
"""

import re
from collections.abc import Sequence

from models.music_vae.score import NO_CHORD, Grid, Refusal

_ROOTS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
_TRIADS: dict[tuple[int | None, ...], int] = {(0, 4, 7): 0, (0, 3, 7): 1, (0, 4, 8): 2, (0, 3, 6): 3}
_SUFFIXES = ("", "m", "aug", "dim")

_KINDS = {
    name: (third, fifth, degrees)
    for third, fifth, degrees, names in (
        (4, 7, (), " maj M"),
        (3, 7, (), "m min -"),
        (4, 8, (), "+ aug"),
        (3, 6, (), "o dim"),
        (4, 7, (7,), "7 maj7 M7"),
        (3, 7, (7,), "m7 min7 -7 mmaj7 mM7 minmaj7 minM7 -maj7 -M7"),
        (3, 7, (7,), "m(maj7) m(M7) min(maj7) min(M7) -(maj7) -(M7)"),
        (3, 6, (7,), "o7 dim7 m7b5 -7b5 /o /o7"),
        (4, 8, (7,), "+7 aug7"),
        (4, 7, (6,), "6"),
        (3, 7, (6,), "m6 min6 -6"),
        (4, 7, (6, 9), "6/9"),
        (4, 7, (7, 9), "9 maj9 M9"),
        (3, 7, (7, 9), "m9 min9 -9"),
        (4, 8, (7, 9), "+9 aug9"),
        (4, 7, (7, 9, 11), "11 maj11 M11"),
        (3, 7, (7, 9, 11), "m11 min11 -11"),
        (4, 7, (7, 9, 11, 13), "13 maj13 M13"),
        (3, 7, (7, 9, 11, 13), "m13 min13 -13"),
        (None, 7, (2,), "sus2"),
        (None, 7, (4,), "sus sus4"),
        (None, 7, (4, 7), "sus7 7sus"),
        (None, 7, (), "5"),
        (None, None, (), "ped"),
    )
    for name in names.split(" ")
}
"""A kind's third and fifth in semitones, and the other degrees that it has."""

_PITCH = r"[A-G](?:#*|b*)(?![#b])"
_CHANGE = re.compile(r"(add#|addb|add|no|#|b)([0-9]+)")
_SYMBOL = re.compile(
    rf"({_PITCH})"
    rf"({'|'.join(re.escape(kind) for kind in _KINDS)})"
    r"((?:\(?(?:add#|addb|add|no|#|b)[0-9]{1,3}\)?)*)"
    rf"(?:/{_PITCH})?$"
)


def encode(symbol: str) -> int:
    """The class 0..48 of a chord symbol. Raises Refusal for one that is not a symbol or not on a triad."""
    if symbol == NO_CHORD:
        return 0
    match = _SYMBOL.match(symbol)
    if match is None or len(symbol) > 40:
        raise Refusal(f"a chord must be a symbol as C, F#m7 or Bb/D, got {symbol!r}")
    root, kind, changes = match[1], match[2], match[3]
    third, fifth, others = _KINDS[kind]
    degrees = dict.fromkeys(others, 0) | {1: 0}
    degrees |= {degree: value for degree, value in ((3, third), (5, fifth)) if value is not None}
    for how, number in _CHANGE.findall(changes):
        _change(symbol, degrees, how, int(number))
    quality = _TRIADS.get((degrees.get(1), degrees.get(3), degrees.get(5)))
    if quality is None:
        raise Refusal(f"a chord must be on a major, minor, augmented or diminished triad, got {symbol!r}")
    pitch = _ROOTS[root[0]] + root.count("#") - root.count("b")
    return 1 + 12 * quality + pitch % 12


def _change(symbol: str, degrees: dict[int, int], how: str, number: int) -> None:
    """Add, leave out or alter a scale degree; 3 and 5 are kept in semitones."""
    plain = {3: 4, 5: 7}.get(number, 0)
    alter = how.count("#") - (1 if how.endswith("b") else 0)
    if how.startswith("add"):
        if number in degrees:
            raise Refusal(f"chord {symbol!r} adds degree {number}, which it has")
        degrees[number] = plain + alter
    elif how == "no":
        if number not in degrees:
            raise Refusal(f"chord {symbol!r} leaves out degree {number}, which it has not")
        del degrees[number]
    else:
        degrees[number] = degrees.get(number, plain) + alter


def decode(number: int) -> str:
    """The symbol of a class 0..48."""
    if number == 0:
        return NO_CHORD
    quality, root = divmod(number - 1, 12)
    return _NAMES[root] + _SUFFIXES[quality]


def at_steps(grid: Grid, steps: Sequence[int]) -> list[str]:
    """The chord in force at each step; past the last step the last one. Raises Refusal if two begin on one step."""
    starts: list[tuple[int, str]] = []
    for step, text in sorted(grid.chords, key=lambda chord: chord[0]):
        if step >= grid.total_steps or (starts and starts[-1] == (step, text)):
            continue
        if starts and starts[-1][0] == step:
            raise Refusal(f"chords {starts[-1][1]!r} and {text!r} both begin at step {step}")
        starts.append((step, text))
    found: list[str] = []
    for step in steps:
        active = [text for start, text in starts if start <= step]
        found.append(active[-1] if active else NO_CHORD)
    return found
