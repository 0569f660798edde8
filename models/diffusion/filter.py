"""Skips frames whose input hardly changes, by chance and never for long (arXiv 2312.12491, section 3.5).

Pictures are compared where they come from, in main memory on a coarse grid: nothing waits for the device.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID = 64
"""Rows and columns that are compared at most."""


class SimilarityFilter:
    """Decides for each input picture whether its frame may be left out."""

    def __init__(self, threshold: float = 0.98, longest: int = 10, seed: int = 0) -> None:
        """``threshold`` is the cosine from which frames are left out, ``longest`` how many in a row at most.

        Raises ValueError for a threshold outside −1..1 or a length below 1.
        """
        if not -1 <= threshold < 1:
            raise ValueError(f"threshold must be in range -1..1 and below 1, got {threshold}")
        if longest < 1:
            raise ValueError(f"longest must be at least 1, got {longest}")
        self.threshold, self.longest = threshold, longest
        self._random = np.random.default_rng(seed)
        self._reference: NDArray[np.float32] | None = None
        self._skipped = 0

    def skips(self, picture: NDArray[np.uint8]) -> bool:
        """Whether to leave out the frame of this picture, uint8 RGB [height, width, 3].

        It is compared with the last picture that was not left out. The probability is 0 up to the threshold and rises
        in a straight line to 1 for the same picture; after ``longest`` frames left out, one is made in any case.
        """
        height, width = picture.shape[:2]
        coarse = picture[:: -(-height // GRID), :: -(-width // GRID)].astype(np.float32).ravel() / 127.5 - 1
        probability = self.probability(coarse)
        if self._skipped < self.longest and self._random.random() < probability:
            self._skipped += 1
            return True
        self._reference, self._skipped = coarse, 0
        return False

    def probability(self, coarse: NDArray[np.float32]) -> float:
        """0..1, for a flat picture with values in −1..1."""
        reference = self._reference
        if reference is None or reference.shape != coarse.shape:
            return 0.0
        if np.array_equal(reference, coarse):
            return 1.0
        lengths = float(np.linalg.norm(reference) * np.linalg.norm(coarse))
        cosine = float(reference @ coarse) / lengths if lengths else 0.0
        return min(1.0, max(0.0, 1 - (1 - cosine) / (1 - self.threshold)))
