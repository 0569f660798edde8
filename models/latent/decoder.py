"""From latents to frames: the trained decoder, by onnxruntime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .session import session
from .space import GRID

Array = NDArray[np.float32]
WEIGHTS = Path(__file__).parent.parent / "weights" / "latent"
PLAIN: Array = np.eye(3, dtype=np.float32)
"""Leaves the colours as they are."""


class Decoder:
    """Decodes to frames of ``width`` × ``height`` pixels. Raises OSError if its weights are missing."""

    def __init__(self, width: int, height: int, threads: int = 1) -> None:
        self._size = np.array([height, width], np.int64)
        self.set_threads(threads)

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from now on."""
        self._session = session(WEIGHTS / "decoder.onnx", threads)

    def frame(self, latent: Array, gain: float = 1.0, colours: Array = PLAIN) -> NDArray[np.uint8]:
        """uint8 RGB [height, width, 3] of a latent [1, 24, rows, columns].

        All light is multiplied by ``gain`` and each pixel by the matrix ``colours`` [3, 3].
        """
        feed = {"latents": latent, "gain": np.array(gain, np.float32), "colours": colours, "size": self._size}
        (frame,) = self._session.run(None, feed)
        return frame  # type: ignore[no-any-return]


def cells(width: int, height: int, multiple: int = 2) -> tuple[int, int]:
    """Columns and rows, multiples of ``multiple``, of a latent for frames of that size: 16 along the shorter side."""
    longer = GRID * max(width, height) / min(width, height)
    longest = min(40, multiple * round(longer / multiple))
    return (longest, GRID) if width >= height else (GRID, longest)
