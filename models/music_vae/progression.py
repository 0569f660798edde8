"""A chord track: names of chords, bar by bar, and the pitch classes that are at home in each.

``C G Am F`` is a chord a bar. With bar lines, the chords of a bar share it evenly: ``C Am | F G | C``. It is played
over and over. ``N.C.`` is no chord. Only a chord's triad counts.
"""

from dataclasses import dataclass

from models.music_vae.encodings import chords

LONGEST = 1024
"""Characters."""
_TRIADS = ((0, 4, 7), (0, 3, 7), (0, 4, 8), (0, 3, 6))
"""Major, minor, augmented, diminished: in the order of :mod:`models.music_vae.encodings.chords`."""

Tones = frozenset[int]


@dataclass(frozen=True)
class Progression:
    """Chords of successive bars, each bar's sharing it evenly; without any, nothing is steered."""

    bars: tuple[tuple[Tones, ...], ...] = ()

    def at(self, beat: float, beats_per_bar: int, first_bar: int = 0) -> Tones:
        """Pitch classes of the chord at a beat counted from the beginning of a bar; empty where there is none."""
        if not self.bars:
            return frozenset()
        bar, within = divmod(beat, beats_per_bar)
        chosen = self.bars[(first_bar + int(bar)) % len(self.bars)]
        return chosen[int(within * len(chosen) / beats_per_bar)]

    @property
    def tones(self) -> Tones:
        """Pitch classes of all its chords."""
        return frozenset(tone for bar in self.bars for tones in bar for tone in tones)


def parse(text: str) -> Progression:
    """Read a chord track; an empty text is one without chords. Raises ValueError, stating the rule and the value."""
    if len(text) > LONGEST:
        raise ValueError(f"chords must be at most {LONGEST} characters, got {len(text)}")
    if "|" not in text:
        return Progression(tuple((_tones(symbol),) for symbol in text.split()))
    bars = [bar.split() for bar in text.strip().strip("|").split("|")]
    if not all(bars):
        raise ValueError(f"chords must have one in each bar, N.C. for none, got {text!r}")
    return Progression(tuple(tuple(_tones(symbol) for symbol in bar) for bar in bars))


def _tones(symbol: str) -> Tones:
    number = chords.encode(symbol)
    if number == 0:
        return frozenset()
    quality, root = divmod(number - 1, 12)
    return frozenset((root + tone) % 12 for tone in _TRIADS[quality])
