"""Drum classes: which MIDI pitches mean the same drum, first the one that stands for the class.

Sources: note_seq `drums_encoder_decoder.py` (REDUCED), magenta `models/music_vae/data.py` (FULL, ROLAND). Magenta.js
puts pitches 22, 26, 41, 43 and 52 into other classes.
"""

Kit = tuple[tuple[int, ...], ...]

REDUCED: Kit = (
    (36, 35),  # kick
    (38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85),  # snare
    (42, 44, 54, 68, 69, 70, 71, 73, 78, 80, 22),  # closed hi-hat
    (46, 67, 72, 74, 79, 81, 26),  # open hi-hat
    (45, 29, 41, 43, 61, 64, 84),  # low tom
    (48, 47, 60, 63, 77, 86, 87),  # mid tom
    (50, 30, 62, 76, 83),  # high tom
    (49, 52, 55, 57, 58),  # crash cymbal
    (51, 53, 59, 82),  # ride cymbal
)
"""Nine classes over all General MIDI drums: what drum and groove models hear and play."""

ROLAND: Kit = (
    (36,),
    (38, 37, 40),
    (42, 22, 44),
    (46, 26),
    (43, 58),
    (47, 45),
    (50, 48),
    (49, 52, 55, 57),
    (51, 53, 59),
)
"""The same nine for the electronic kit of the Groove data set: what groove models were trained on."""

FULL: Kit = tuple(
    (pitch,)
    for pitch in (
        *(36, 35, 38, 27, 28, 31, 32, 33, 34, 37, 39, 40, 56, 65, 66, 75, 85, 42, 44, 54, 68, 69, 70, 71, 73, 78, 80),
        *(46, 67, 72, 74, 79, 81, 45, 29, 41, 61, 64, 84, 48, 47, 60, 63, 77, 86, 87, 50, 30, 43, 62, 76, 83),
        *(49, 55, 57, 58, 51, 52, 53, 59, 82),
    )
)
"""The 61 General MIDI drums, each its own class."""


def classes(kit: Kit) -> dict[int, int]:
    """The class of each pitch of a kit."""
    return {pitch: number for number, pitches in enumerate(kit) for pitch in pitches}
