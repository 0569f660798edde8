"""The pad: a square between four corners, melodies and pictures, on which one place says how much of each there is.

The corners are counted as one reads: 1 top left, 2 top right, 3 bottom left, 4 bottom right. A model that has them
derives from :class:`NotePad` or :class:`FramePad` besides; the place is the same for both.
"""

import math
import re

from models.contract import Action, Note, Param

CORNERS = 4
MELODY_BARS = 2
"""Of a corner's melody."""

_NOTE = re.compile(r"(\d{1,3}):(\d+(?:\.\d+)?):(\d+(?:\.\d+)?)(?::(\d{1,3}))?")
USUAL_VELOCITY = 88


class _Pad:
    """The place, which all share."""

    pad_x = Param(0.5, low=0.0, high=1.0, at="/pad/x", doc="The pad: from its left corners, 0, to its right ones, 1.")
    pad_y = Param(0.5, low=0.0, high=1.0, at="/pad/y", doc="The pad: from its lower corners, 0, to its upper ones, 1.")


def _melody(number: int) -> Param:
    return Param(
        "",
        at=f"/pad/melody/{number}",
        doc="Two bars as PITCH:BEAT:BEATS or PITCH:BEAT:BEATS:VELOCITY, beats from 0; /pad/keep writes what was"
        " heard. Empty: one that the model draws, always the same.",
    )


class NotePad(_Pad):
    """A note model whose answers may come from the pad."""

    pad = Param(
        False,
        at="/pad/music",
        doc="Whether what is answered, varied in a loop, or generated is the mixture of the corners' melodies where the"
        " pad stands, in place of an answer to what was heard.",
    )
    corner_1, corner_2, corner_3, corner_4 = (_melody(number + 1) for number in range(CORNERS))


class FramePad(_Pad):
    """A frame model that may paint what lies between the pad's corners."""

    pad = Param(
        False, at="/pad/frames", doc="Whether the picture is the mixture of the corners' pictures where the pad stands."
    )


CORNER = Action(
    "Keeps where the picture's latent is now as a corner of the pad; until then a corner is a picture of the seed.",
    {"number": Param(1, low=1, high=CORNERS, doc="1 top left, 2 top right, 3 bottom left, 4 bottom right.")},
    shared=True,
)


def shares(x: float, y: float) -> tuple[float, float, float, float]:
    """How much of each corner there is at a place, 0..1; they sum to 1."""
    return (1 - x) * y, x * y, (1 - x) * (1 - y), x * (1 - y)


def written(notes: tuple[Note, ...]) -> str:
    """A melody as text, as :func:`read` reads it, its beats to thousandths."""
    return " ".join(f"{n.pitch}:{n.start:.3f}:{n.duration:.3f}:{n.velocity}" for n in notes)


def read(text: str) -> tuple[Note, ...]:
    """The notes of a melody in order, none of an empty text. Raises ValueError, stating the rule and the value."""
    notes = []
    for word in text.split():
        found = _NOTE.fullmatch(word)
        numbers = [float(part) for part in found.groups(str(USUAL_VELOCITY))] if found else []
        if not numbers or numbers[0] > 127 or not 0 < numbers[2] < math.inf or not 1 <= numbers[3] <= 127:
            rule = "PITCH:BEAT:BEATS or PITCH:BEAT:BEATS:VELOCITY, pitch 0..127, beats above 0, velocity 1..127"
            raise ValueError(f"a note of a corner's melody must be {rule}, got {word!r}")
        notes.append(Note(int(numbers[0]), int(numbers[3]), numbers[1], numbers[2]))
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
