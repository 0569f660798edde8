"""A chord track: names of chords, bar by bar, and the pitch classes that are at home in each.

``C G Am F`` is a chord a bar. With bar lines, the chords of a bar share it evenly: ``C Am | F G | C``. It is played
over and over. ``N.C.`` is no chord. Only a chord's triad counts.
"""

from dataclasses import dataclass

import numpy as np

from models.music_vae.configs import CHORD_CLASSES
from models.music_vae.encodings import chords

PITCH_CLASSES = 12
LONGEST = 1024
"""Characters."""
_TRIADS = ((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6))
"""Major, minor, augmented, diminished: in the order of :mod:`models.music_vae.encodings.chords`."""

Tones = frozenset[int]


@dataclass(frozen=True)
class Progression:
    """Chords of successive bars, each bar's sharing it evenly; without any, nothing is steered."""

    bars: tuple[tuple[int, ...], ...] = ()
    """Classes 0..48 as :mod:`models.music_vae.encodings.chords` has them."""

    def at(self, beat: float, beats_per_bar: int, first_bar: int = 0) -> int:
        """The chord at a beat counted from the beginning of a bar; 0 where there is none."""
        if not self.bars:
            return 0
        bar, within = divmod(beat, beats_per_bar)
        chosen = self.bars[(first_bar + int(bar)) % len(self.bars)]
        return chosen[int(within * len(chosen) / beats_per_bar)]

    @property
    def tones(self) -> Tones:
        """Pitch classes of all its chords."""
        return frozenset(tone for bar in self.bars for number in bar for tone in tones_of(number))


def parse(text: str) -> Progression:
    """Read a chord track; an empty text is one without chords. Raises ValueError, stating the rule and the value."""
    if len(text) > LONGEST:
        raise ValueError(f"chords must be at most {LONGEST} characters, got {len(text)}")
    if "|" not in text:
        return Progression(tuple((chords.encode(symbol),) for symbol in text.split()))
    bars = [bar.split() for bar in text.strip().strip("|").split("|")]
    if not all(bars):
        raise ValueError(f"chords must have one in each bar, N.C. for none, got {text!r}")
    return Progression(tuple(tuple(chords.encode(symbol) for symbol in bar) for bar in bars))


def tones_of(number: int) -> Tones:
    """Pitch classes of a chord's triad, by its class 0..48; none of class 0."""
    if number == 0:
        return frozenset()
    quality, root = divmod(number - 1, 12)
    return frozenset((root + tone) % 12 for tone in _TRIADS[quality])


TONES = np.array([[tone in tones_of(number) for tone in range(PITCH_CLASSES)] for number in range(CHORD_CLASSES)])
"""Whether each pitch class is in each chord [49, 12]."""
