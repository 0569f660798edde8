"""The melodies that the demo calls with: two bars each, in the public domain."""

import msgspec

from models.contract import Note, Phrase

GATE = 0.92
"""How much of its written length a note sounds, so that repeated notes stay apart."""
ACCENTS = (102, 84, 92, 84)
"""Velocity on each beat of a bar; between beats it is softer."""
BETWEEN = 78


class Song(msgspec.Struct, frozen=True):
    """A melody and where it is from."""

    title: str
    composer: str
    phrase: Phrase


def _melody(title: str, composer: str, *notes: tuple[int, float]) -> Song:
    """Lay (pitch, length in beats) end to end."""
    laid = []
    beat = 0.0
    for pitch, length in notes:
        velocity = ACCENTS[int(beat) % len(ACCENTS)] if beat == int(beat) else BETWEEN
        laid.append(Note(pitch, velocity, beat, length * GATE))
        beat += length
    return Song(title, composer, Phrase(tuple(laid), bars=int(beat) // len(ACCENTS)))


ODE_TO_JOY = _melody(
    "Ode to Joy",
    "Ludwig van Beethoven, 1824",
    *((64, 1), (64, 1), (65, 1), (67, 1)),
    *((67, 1), (65, 1), (64, 1), (62, 1)),
)
SIMPLE_GIFTS = _melody(
    "Simple Gifts",
    "Joseph Brackett, 1848",
    *((67, 1), (67, 0.5), (69, 0.5), (71, 0.5), (67, 0.5), (71, 0.5), (72, 0.5)),
    *((74, 1), (74, 0.5), (72, 0.5), (71, 1), (69, 0.5), (67, 0.5)),
)
SONGS = (ODE_TO_JOY, SIMPLE_GIFTS)
