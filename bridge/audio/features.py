"""Loudness, bands and onsets of sound, block by block."""

from collections import deque
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

BLOCK = 1024
"""Samples of a block."""
BANDS: Mapping[str, tuple[float, float]] = {"low": (20.0, 250.0), "mid": (250.0, 2000.0), "high": (2000.0, 12000.0)}
"""Hertz."""
FLOOR = -60.0
"""Decibels below full scale that stand for 0; full scale is 1."""
DECAY_S = 0.12
"""How fast an onset fades, by e."""
RISE = 2.0
"""How many times the usual change of the spectrum makes an onset."""
PAUSE_S = 0.08
"""Seconds from one onset to the next at least."""
QUIET = 1e-4
"""Amplitude under which nothing is an onset."""


class Features:
    """Follows mono sound of one rate."""

    def __init__(self, rate: float) -> None:
        """``rate`` is samples a second."""
        self._seconds = BLOCK / rate
        self._window = np.hanning(BLOCK).astype(np.float32)
        frequencies = np.fft.rfftfreq(BLOCK, 1 / rate)
        self._bins = {name: (frequencies >= low) & (frequencies < high) for name, (low, high) in BANDS.items()}
        self._before = np.zeros(len(frequencies))
        self._changes: deque[float] = deque(maxlen=max(8, round(1.0 / self._seconds)))
        self._onset = 0.0
        self._since = PAUSE_S

    def follow(self, block: NDArray[np.float32]) -> dict[str, float]:
        """The features of the next block [1024], in ±1: ``loudness``, ``low``, ``mid``, ``high``, ``onset``; 0 to 1."""
        block = np.nan_to_num(block)
        amplitude = np.abs(np.fft.rfft(block * self._window)) * (4 / BLOCK)  # 1 for a sine at full scale
        found = {"loudness": _level(float(np.sqrt(2 * np.mean(np.square(block)))))}
        for name, bins in self._bins.items():
            found[name] = _level(float(np.sqrt(np.sum(np.square(amplitude[bins])) / 1.5)))
        found["onset"] = self._follow_onset(amplitude, float(np.max(np.abs(block))))
        return found

    def _follow_onset(self, amplitude: NDArray[np.floating], peak: float) -> float:
        """Spectral flux against what is usual (Dixon, "Onset detection revisited", DAFx 2006)."""
        loud = np.log1p(1000 * amplitude)
        change = float(np.sum(np.maximum(0.0, loud - self._before)))
        usual = float(np.median(self._changes)) if self._changes else 0.0
        self._onset *= float(np.exp(-self._seconds / DECAY_S))
        self._since += self._seconds
        if peak > QUIET and change > RISE * usual + 1.0 and self._since >= PAUSE_S:
            self._onset, self._since = 1.0, 0.0
        self._before = loud
        self._changes.append(change)
        return self._onset


def _level(amplitude: float) -> float:
    """0 at FLOOR and below, 1 at full scale."""
    if amplitude <= 0:
        return 0.0
    return min(1.0, max(0.0, 1 - 20 * float(np.log10(amplitude)) / FLOOR))
