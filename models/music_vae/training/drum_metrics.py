"""What drums are like: windows of sets of drums [N, 32] or of grooves [N, 32, 27]."""

import numpy as np

from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.encodings.melody_steps import STEPS_PER_BAR

PLACES = DRUM_CLASSES * STEPS_PER_BAR


def hits_of(windows: np.ndarray) -> np.ndarray:
    """Which drums are hit [N, T, 9]."""
    if windows.ndim == 3:
        return windows[..., :DRUM_CLASSES] > 0.5
    return (windows[..., None] >> np.arange(DRUM_CLASSES) & 1).astype(bool)


def loudness_of(windows: np.ndarray) -> np.ndarray:
    """How loud each drum is hit [N, T, 9], 0..1; those of a set of drums are all 0.7."""
    hits = hits_of(windows)
    return hits * (windows[..., DRUM_CLASSES : 2 * DRUM_CLASSES] if windows.ndim == 3 else 0.7)


def hit_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """F1 of (step, drum) over all windows together."""
    one, two = hits_of(truth), hits_of(found)
    return 2.0 * int((one & two).sum()) / max(int(one.sum()) + int(two.sum()), 1)


def by_drum(truth: np.ndarray, found: np.ndarray) -> list[float]:
    """The F1 of each drum."""
    one, two = hits_of(truth), hits_of(found)
    both = (one & two).sum((0, 1))
    return (2.0 * both / np.maximum(one.sum((0, 1)) + two.sum((0, 1)), 1)).tolist()


def feel(truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """Mean error of velocities (of 127) and offsets (in steps) where both hit, beside that of each drum's mean."""
    hit = hits_of(truth)
    both = hit & hits_of(found)
    if not both.any():
        return {}
    _, velocity, offset = np.split(truth, 3, 2)
    _, found_velocity, found_offset = np.split(found, 3, 2)
    means = [(part * hit).sum((0, 1)) / np.maximum(hit.sum((0, 1)), 1) for part in (velocity, offset)]
    report = {}
    for name, unit, true, got, mean in (
        ("velocity", 127.0, velocity, found_velocity, means[0]),
        ("offset", 0.5, offset, found_offset, means[1]),
    ):
        report[f"{name}_error"] = float(np.abs(true - got)[both].mean()) * unit
        report[f"mean_{name}_error"] = float(np.abs(true - mean)[both].mean()) * unit
        one, two = true[both] - true[both].mean(), got[both] - got[both].mean()
        spread = np.sqrt((one**2).sum() * (two**2).sum())
        report[f"{name}_correlation"] = float((one * two).sum() / spread) if spread > 0 else 0.0
    return report


def character(windows: np.ndarray) -> dict[str, float]:
    """Density, silence, how much lies on eighths, how many drums are played."""
    hits = hits_of(windows)
    bars = hits.reshape(-1, STEPS_PER_BAR, DRUM_CLASSES)
    total = max(int(hits.sum()), 1)
    return {
        "hits_per_bar": float(bars.sum((1, 2)).mean()),
        "silent_bars": float((~bars.any((1, 2))).mean()),
        "on_eighths": float(hits[:, ::2].sum() / total),
        "drums_per_window": float(hits.any(1).sum(1).mean()),
        "kick_on_one": float(bars[:, 0, 0].mean()),
        "snare_on_backbeats": float(bars[:, [4, 12], 1].mean()),
    }


def places(windows: np.ndarray) -> np.ndarray:
    """Shares [144] of all hits by drum and place in the bar."""
    counts = hits_of(windows).reshape(-1, PLACES).sum(0)
    return counts / max(int(counts.sum()), 1)


def prior_report(samples: np.ndarray, training: np.ndarray, some: np.ndarray) -> dict[str, float]:
    """Samples' character beside data's (`data_…`); `place_distance` is the total variation distance of `places`."""
    report = {f"prior_{key}": value for key, value in character(samples).items()}
    report |= {f"data_{key}": value for key, value in character(some).items()}
    known = places(training)
    report["place_distance"] = float(np.abs(places(samples) - known).sum() / 2)
    report["data_place_distance"] = float(np.abs(places(some) - known).sum() / 2)
    windows = {row.tobytes() for row in np.packbits(hits_of(training).reshape(len(training), -1), axis=1)}
    for name, rows in (("prior", samples), ("data", some)):
        found = np.packbits(hits_of(rows).reshape(len(rows), -1), axis=1)
        report[f"{name}_copied"] = float(np.mean([row.tobytes() in windows for row in found]))
    return report
