"""What a prompt says: a subject, and where it is; as shares of known words. Nothing that one can write fails.

``octopus in a red nebula`` has the subject *octopus* and the setting *red nebula*. A word that is not known becomes the
known words that look most like it (by the pieces of three letters that they share), so that *kittens* finds *kitten*.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

PREPOSITIONS = frozenset(
    ("on", "in", "at", "over", "under", "above", "below", "inside", "before", "behind", "among", "amid", "near")
) | {"beneath", "within"}
"""The first of these, other than at the very beginning, ends the subject."""
STOP = frozenset(
    ("a", "an", "the", "of", "and", "with", "to", "for", "by", "is", "are", "its", "it", "s", "from", "as", "some")
) | {"this", "that", "very"}
MOST = 12
"""Words of a subject or a setting that count; further ones are left out."""
NEAR = 3
"""Known words that stand for an unknown one."""

Shares = tuple[tuple[int, float], ...]
"""Known words by number, with their shares, which sum to 1; empty where nothing was said."""


def split(text: str) -> tuple[list[str], list[str]]:
    """The words of the subject and of the setting, in lower case."""
    words = re.findall(r"[^\W_]+", text.lower())
    parts: tuple[list[str], list[str]] = ([], [])
    place = 0
    for word in words:
        if word in PREPOSITIONS:
            place = 1 if parts[0] else 0
        elif word not in STOP and word != "background":
            parts[place].append(word)
    return parts[0][:MOST], parts[1][:MOST]


def pieces(word: str) -> frozenset[str]:
    """Its pieces of two and three letters, its ends marked: those of *cat* are <ca, cat, at>, <c, ca, at, t>."""
    marked = f"<{word}>"
    return frozenset(marked[i : i + n] for n in (2, 3) for i in range(len(marked) - n + 1))


class Vocabulary:
    """The known words, by number."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._numbers = {word: number for number, word in enumerate(self.words)}
        self._pieces = [pieces(word) for word in self.words]
        self.near = lru_cache(maxsize=512)(self._near)

    def __len__(self) -> int:
        return len(self.words)

    def read(self, text: str) -> tuple[Shares, Shares]:
        """The subject and the setting of any text."""
        subject, setting = split(text)
        return self._shares(subject), self._shares(setting)

    def _shares(self, words: list[str]) -> Shares:
        shares: dict[int, float] = {}
        for word in words:
            for number, share in self.near(word):
                shares[number] = shares.get(number, 0.0) + share / len(words)
        return tuple(shares.items())

    def _near(self, word: str) -> Shares:
        """The word itself if it is known, or else those that share most of its pieces, weighted by how many."""
        if word in self._numbers:
            return ((self._numbers[word], 1.0),)
        own = pieces(word)
        alike = [2 * len(own & other) / (len(own) + len(other)) for other in self._pieces]
        best = sorted(range(len(alike)), key=lambda number: -alike[number])[:NEAR]
        weights = [max(alike[number], 1e-3) ** 8 for number in best]
        return tuple((number, weight / sum(weights)) for number, weight in zip(best, weights, strict=True))
