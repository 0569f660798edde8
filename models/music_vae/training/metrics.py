"""How well a model reconstructs windows, and what its prior sounds like beside the data."""

import math
from collections.abc import Callable

import numpy as np
import torch

from models.music_vae import melody
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.training import drum_metrics
from models.music_vae.training.kinds import kind_of
from models.music_vae.training.network import MusicVae, shift

PITCH_CLASSES = 12
SCALE = np.array([0, 2, 4, 5, 7, 9, 11])  # a major key's notes, and its relative natural minor's
DRUMS = ("kick", "snare", "closed_hat", "open_hat", "low_tom", "mid_tom", "high_tom", "crash", "ride")
INTERVALS = np.arange(-12, 14) - 0.5  # bins of one semitone from -12 to +12; wider leaps are put in the outer bins


def onset_f1(truth: np.ndarray, found: np.ndarray) -> float:
    """F1 of (step, pitch) of note-ons over all windows [N, T] together."""
    true_on, found_on = truth >= melody.FIRST_NOTE, found >= melody.FIRST_NOTE
    hits = int((true_on & (truth == found)).sum())
    return 2.0 * hits / max(int(true_on.sum()) + int(found_on.sum()), 1)


def agreement(model: MusicVae, truth: np.ndarray, found: np.ndarray) -> dict[str, float]:
    """How near found windows are to the true ones, by what a model's steps are."""
    match model.hp.encoding.kind:
        case "melody":
            return {"accuracy": float((found == truth).mean()), "f1": onset_f1(truth, found)}
        case "drums":
            return {"accuracy": float((found == truth).mean()), "f1": drum_metrics.hit_f1(truth, found)}
    same = drum_metrics.hits_of(truth) == drum_metrics.hits_of(found)
    return {"accuracy": float(same.all(2).mean()), "f1": drum_metrics.hit_f1(truth, found)}


@torch.no_grad()
def reconstruction(
    model: MusicVae,
    windows: np.ndarray,
    temperature: float = 0.5,
    seed: int = 0,
    progress: Callable[[str], None] = lambda line: None,
) -> dict[str, float]:
    """Teacher-forced (likeliest) and sampled accuracy and F1 of windows [N, T, …] decoded from mu, and their KL.

    `no_event_accuracy` is that of always answering "no event": what accuracy alone is worth. Of grooves, velocities and
    offsets are judged where the hits are given and nothing else is; `tapped_f1` is that of drums to given taps.
    """
    generator = torch.Generator().manual_seed(seed)
    kind = kind_of(model.hp.config)
    true, forced, sampled, played, tapped, kls, nll = [], [], [], [], [], [], 0.0
    parts = np.array_split(windows, max(len(windows) // 512, 1))
    for number, part in enumerate(parts):
        x, y = kind.plain(part)
        chords = model.chords(x)
        true.append(y.transpose(0, 1).numpy())
        mu, sigma = model.encode(x)
        kls.append(0.5 * (mu.square() + sigma.square() - 1 - 2 * sigma.log()))
        logits = model.decode(mu, shift(y), chords)
        nll += model.head.loss(logits, y).item() * len(part)
        likeliest = model.head.sample(logits.flatten(0, 1), 0.0, None)
        forced.append(likeliest.view(y.shape).transpose(0, 1).numpy())
        sampled.append(model.sample(mu, len(y), temperature, generator, chords=chords).transpose(0, 1).numpy())
        if y.dim() == 3:
            hits = y[..., :DRUM_CLASSES]
            played.append(model.sample(mu, len(y), 0.0, hits=hits).transpose(0, 1).numpy())
        if model.hp.encoding.tapify:
            led = model.sample(mu, len(y), temperature, generator, **model.known(y))
            tapped.append(led.transpose(0, 1).numpy())
        progress(f"reconstructed {number + 1} of {len(parts)} parts")
    truth, a, b = np.concatenate(true), np.concatenate(forced), np.concatenate(sampled)
    kl = torch.cat(kls)
    report = {f"forced_{key}": value for key, value in agreement(model, truth, a).items()}
    report |= {f"sampled_{key}": value for key, value in agreement(model, truth, b).items()}
    empty = truth == melody.NO_EVENT
    report["no_event_accuracy"] = float((empty if truth.ndim == 2 else empty[..., :DRUM_CLASSES].all(2)).mean())
    if truth.ndim == 3:
        report |= drum_metrics.feel(truth, np.concatenate(played))
    if tapped:
        report["tapped_f1"] = drum_metrics.hit_f1(truth, np.concatenate(tapped))
    if model.hp.encoding.kind != "melody":
        drums = zip(DRUMS, drum_metrics.by_drum(truth, b), strict=True)
        report |= {f"sampled_f1_{drum}": value for drum, value in drums}
    report["nll_nats"] = nll / len(windows)
    report["kl_bits"] = float(kl.sum(1).mean()) / math.log(2)
    report["active_dimensions"] = float((kl.mean(0) > 0.05).sum())
    return report


def prior(model: MusicVae, count: int, temperature: float = 0.5, seed: int = 0, steps: int = 32) -> np.ndarray:
    """Windows [count, steps] decoded from z ~ N(0, 1)."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(count, model.hp.z_size, generator=generator)
    return model.sample(z, steps, temperature, generator).transpose(0, 1).numpy()


def in_key(window: np.ndarray) -> float:
    """Share of a window's notes in the major (or relative minor) key that fits them best; 0 without notes."""
    notes = window[window >= melody.FIRST_NOTE] - melody.FIRST_NOTE + melody.MIN_PITCH
    if not len(notes):
        return 0.0
    keys = (SCALE[None] + np.arange(PITCH_CLASSES)[:, None]) % PITCH_CLASSES
    return float((notes[None, :, None] % PITCH_CLASSES == keys[:, None]).any(2).mean(1).max())


def intervals(windows: np.ndarray) -> np.ndarray:
    """Histogram (shares) of the semitones from each note to the next within a window, clipped to an octave."""
    found = [np.diff(w[w >= melody.FIRST_NOTE]) for w in windows]
    counts, _ = np.histogram(np.clip(np.concatenate(found), -12, 12), INTERVALS)
    return counts / max(counts.sum(), 1)


def sounding(window: np.ndarray) -> np.ndarray:
    """Which steps [T] have a note sounding."""
    out = np.zeros(len(window), bool)
    for start, end, _ in melody.decode(window):
        out[start:end] = True
    return out


def character(windows: np.ndarray) -> dict[str, float]:
    """What windows [N, 32] are like: key, density, range, bars that are silent, notes on the beat."""
    on = windows >= melody.FIRST_NOTE
    pitches = np.where(on, windows, -1)
    notes = on.sum(1)
    filled = windows[notes > 0]
    bars = np.array([sounding(w).reshape(-1, melody.STEPS_PER_BAR).any(1) for w in windows])
    lowest = np.where(on, windows, 999).min(1)
    return {
        "in_key": sum(in_key(w) * n for w, n in zip(windows, notes, strict=True)) / max(int(notes.sum()), 1),
        "windows_90_in_key": float(np.mean([in_key(w) >= 0.9 for w in filled])) if len(filled) else 0.0,
        "notes_per_bar": float(notes.mean()) * melody.STEPS_PER_BAR / windows.shape[1],
        "silent_bars": float(1.0 - bars.mean()),
        "bars_without_onset": float((on.reshape(len(on), -1, melody.STEPS_PER_BAR).sum(2) == 0).mean()),
        "on_eighths": float(on[:, ::2].sum() / max(on.sum(), 1)),
        "mean_pitch": float(windows[on].mean()) - melody.FIRST_NOTE + melody.MIN_PITCH if on.any() else 0.0,
        "mean_range": float((pitches.max(1) - lowest)[notes > 0].mean()) if len(filled) else 0.0,
    }


def copied(windows: np.ndarray, source: np.ndarray) -> float:
    """Share of windows that are, in any transposition, a window of `source`."""

    def relative(rows: np.ndarray) -> list[bytes]:
        rows = rows.astype(np.int64)
        on = rows >= melody.FIRST_NOTE
        first = np.take_along_axis(rows, on.argmax(1)[:, None], 1)
        return [row.tobytes() for row in np.where(on, rows - first + 1000, rows)]

    known = set(relative(source))
    return float(np.mean([key in known for key in relative(windows)]))


def prior_report(model: MusicVae, training: np.ndarray, validation: np.ndarray, count: int = 1000) -> dict[str, float]:
    """The prior's character beside the data's (`data_…`), and how far its interval histogram lies from it.

    `interval_distance` is the total variation distance (0 the same, 1 disjoint), beside that of as many validation
    windows from the training windows.
    """
    samples = prior(model, count)
    rng = np.random.default_rng(0)
    some = validation[rng.permutation(len(validation))[:count]]
    if model.hp.encoding.kind != "melody":
        return drum_metrics.prior_report(samples, training, some)
    known = intervals(training)
    report = {f"prior_{key}": value for key, value in character(samples).items()}
    report |= {f"data_{key}": value for key, value in character(some).items()}
    report["interval_distance"] = float(np.abs(intervals(samples) - known).sum() / 2)
    report["data_interval_distance"] = float(np.abs(intervals(some) - known).sum() / 2)
    report["prior_copied"] = copied(samples, training)
    report["data_copied"] = copied(some, training)
    return report


@torch.no_grad()
def reconstructed(
    model: MusicVae, window: np.ndarray, count: int, temperature: float = 0.5, seed: int = 0
) -> np.ndarray:
    """Sampled decodings [count, T, …] of one window's mu, led as players lead them."""
    x, y = kind_of(model.hp.config).plain(window[None])
    mu = model.encode(x)[0].expand(count, -1)
    generator = torch.Generator().manual_seed(seed)
    given = {name: value.expand(-1, count, *value.shape[2:]) for name, value in model.known(y).items()}
    return model.sample(mu, len(window), temperature, generator, **given).transpose(0, 1).numpy()
