"""How well melodies are continued: the predictor beside repeating, random draws and Magenta's neighbourhood draws."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from models.music_vae import melody
from models.music_vae.arc import slerp
from models.music_vae.continuation import Continuation
from models.music_vae.training import continuation, data, metrics, sequences, weights
from models.music_vae.training.folder import say
from models.music_vae.training.network import MusicVae, shift

DRAWS = 64
CALL = 4
"""Segments of two bars that a call has; the short one has the last of them."""
ANSWER = 4
TEMPERATURE = 0.5
Draws = Callable[[np.ndarray, int, np.random.Generator, np.ndarray], np.ndarray]
"""Points [count, z] for what comes after the latents [segments, z], over the chords [4] of its half bars."""
Report = dict[str, dict[str, float]]


def repeated(model: MusicVae) -> Draws:
    """The last segment again: draws from its posterior."""

    def draw(past: np.ndarray, count: int, rng: np.random.Generator, chords: np.ndarray) -> np.ndarray:
        mean, deviation = np.split(past[-1], 2)
        return mean + deviation * rng.standard_normal((count, len(mean)))

    return draw


def at_random(past: np.ndarray, count: int, rng: np.random.Generator, chords: np.ndarray) -> np.ndarray:
    return rng.standard_normal((count, past.shape[1] // 2))


def similar(past: np.ndarray, count: int, rng: np.random.Generator, chords: np.ndarray) -> np.ndarray:
    """Magenta's `similar`: on the arc from the last segment to random points, from near to far."""
    mean = past[-1:, : past.shape[1] // 2]
    along = (rng.permutation(count) + rng.random()) / count
    far = rng.standard_normal((count, mean.shape[1])).astype(np.float32)
    return np.concatenate([slerp(mean, point[None], float(a)) for point, a in zip(far, along, strict=True)])


def predicted(predictor: Continuation, *, over_chords: bool) -> Draws:
    def draw(past: np.ndarray, count: int, rng: np.random.Generator, chords: np.ndarray) -> np.ndarray:
        return predictor.draw(past[:, : past.shape[1] // 2], count, 1.0, rng, chords if over_chords else None)

    return draw


@torch.no_grad()
def likelihood(model: MusicVae, z: np.ndarray, window: np.ndarray) -> float:
    """Log-likelihood of a window [32], in nats, as the mean over the draws z [count, z] of its likelihood."""
    y = torch.from_numpy(window.astype(np.int64))[:, None].expand(-1, len(z)).contiguous()
    logits = model.decode(torch.from_numpy(np.asarray(z, np.float32)), shift(y))
    each = logits.log_softmax(2).gather(2, y[..., None]).sum((0, 2)).double()
    return float(torch.logsumexp(each, 0) - np.log(len(z)))


def answers(model: MusicVae, draws: Draws, calls: list[np.ndarray], over: np.ndarray, seed: int) -> np.ndarray:
    """Answers [calls, segments, 32] decoded from one draw a segment, each encoded again before the next.

    `over` [calls, segments, 4] are the chords of their half bars.
    """
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    past = list(calls)
    out = []
    for number in range(ANSWER):
        drawn = [draws(p, 1, rng, chords[number]) for p, chords in zip(past, over, strict=True)]
        z = torch.from_numpy(np.concatenate(drawn).astype(np.float32))
        steps = model.sample(z, data.WINDOW, TEMPERATURE, generator).T.numpy()
        out.append(steps)
        mu, sigma = continuation.encode(model, steps)
        past = [np.concatenate([p, np.concatenate([m, s])[None]]) for p, m, s in zip(past, mu, sigma, strict=True)]
    return np.stack(out, 1)


def key_of(windows: np.ndarray) -> np.ndarray:
    """The pitch classes of the major scale that fits best."""
    notes = windows[windows >= melody.FIRST_NOTE] - melody.FIRST_NOTE + melody.MIN_PITCH
    counts = np.bincount(notes % metrics.PITCH_CLASSES, minlength=metrics.PITCH_CLASSES)
    keys = (metrics.SCALE[None] + np.arange(metrics.PITCH_CLASSES)[:, None]) % metrics.PITCH_CLASSES
    return keys[counts[keys].sum(1).argmax()]


def bars_of(windows: np.ndarray) -> list[bytes]:
    """The bars in which a note begins."""
    bars = [melody.window(bar, 0, melody.STEPS_PER_BAR) for bar in windows.reshape(-1, melody.STEPS_PER_BAR)]
    return [bar.tobytes() for bar in bars if (bar >= melody.FIRST_NOTE).any()]


def judged(answers: np.ndarray, calls: list[np.ndarray], keys: list[np.ndarray]) -> dict[str, float]:
    """What answers [N, segments, 32] are like beside their calls, windows [segments, 32] each."""
    notes = in_key = bars = copied = 0
    density, register, empty = [], [], 0
    for answer, call, key in zip(answers, calls, keys, strict=True):
        on, heard = answer >= melody.FIRST_NOTE, call >= melody.FIRST_NOTE
        pitches = answer[on] - melody.FIRST_NOTE + melody.MIN_PITCH
        notes += len(pitches)
        in_key += int(np.isin(pitches % metrics.PITCH_CLASSES, key).sum())
        known, played = set(bars_of(call)), bars_of(answer)
        bars += len(played)
        copied += sum(bar in known for bar in played)
        density.append(on.sum() / (2 * len(answer)) - heard.sum() / (2 * len(call)))
        if len(pitches):
            register.append(pitches.mean() - (call[heard].mean() - melody.FIRST_NOTE + melody.MIN_PITCH))
        empty += 2 * len(answer) - len(played)
    return {
        "in_song_key": in_key / max(notes, 1),
        "bars_copied": copied / max(bars, 1),
        "density_error": float(np.abs(density).mean()),
        "register_error": float(np.abs(register).mean()) if register else 0.0,
        "notes_per_bar": notes / max(len(answers) * 2 * answers.shape[1], 1),
        "bars_without_onset": empty / max(len(answers) * 2 * answers.shape[1], 1),
    }


def evaluate(path: Path, melodies: Path, folder: Path, positions: int) -> Report:
    """Figures of each way to continue, on songs of the validation split."""
    torch.set_num_threads(1)
    model = weights.read(melodies)
    predictor = Continuation(path, model.hp.z_size)
    songs = sequences.part(sequences.read(folder), "validation")
    rng = np.random.default_rng(0)
    places = [
        (start, end, at, song) for start, end, song in songs.spans for at in range(start + CALL, end - ANSWER + 1)
    ]
    if not places:
        raise ValueError(f"training data: no validation song has {2 * (CALL + ANSWER)} bars of melody in a row")
    chosen = [places[n] for n in rng.permutation(len(places))[:positions]]
    mu, sigma = continuation.encode(model, songs.windows)
    latents = np.concatenate([mu, sigma], 1)
    calls = [songs.windows[at - CALL : at] for _, _, at, _ in chosen]
    keys = []
    for *_, song in chosen:
        spans = [songs.windows[start:end] for start, end, of in songs.spans if of == song]
        keys.append(key_of(np.concatenate(spans)))
    ways: dict[str, Draws] = {
        "predictor": predicted(predictor, over_chords=False),
        "with chords": predicted(predictor, over_chords=True),
        "repeating": repeated(model),
        "random z": at_random,
        "similar": similar,
    }
    report: Report = {}
    for name, draws in ways.items():
        rng = np.random.default_rng(1)
        figures = {}
        for bars, segments in ((8, CALL), (2, 1)):
            found = [
                likelihood(
                    model,
                    draws(latents[at - segments : at], DRAWS, rng, songs.chords[at]),
                    songs.windows[at],
                )
                for _, _, at, _ in chosen
            ]
            figures[f"log_likelihood_after_{bars}_bars"] = float(np.mean(found))
            figures[f"standard_error_after_{bars}_bars"] = float(np.std(found) / np.sqrt(len(found)))
        if name == "repeating":
            played = np.stack(calls)[:, -ANSWER:]
        else:
            over = np.stack([songs.chords[at : at + ANSWER] for _, _, at, _ in chosen])
            played = answers(model, draws, [latents[at - CALL : at] for _, _, at, _ in chosen], over, 2)
        report[name] = figures | judged(played, calls, keys)
        say(f"{name}: {report[name]}")
    truth = np.stack([songs.windows[at : at + ANSWER] for _, _, at, _ in chosen])
    report["the songs"] = judged(truth, calls, keys)
    return report


def table(report: Report) -> str:
    """The figures as a table in Markdown."""
    names = list(dict.fromkeys(key for figures in report.values() for key in figures))
    rows = [f"| figure | {' | '.join(report)} |", "|---" * (len(report) + 1) + "|"]
    for name in names:
        cells = [f"{figures[name]:.3f}" if name in figures else "" for figures in report.values()]
        rows.append(f"| {name.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(rows)
