"""Train and judge the predictor that continues melodies (`models/music_vae/continuation.py`).

    python -m models.music_vae.training.continuation train --data DIR --out DIR [--resume]
    python -m models.music_vae.training.continuation evaluate PREDICTOR --data DIR [--json FILE]

DIR holds POP909 or any MIDI files in 4/4. It learns over the latent vectors of a melody model, the embedded one unless
--melody names another. Of ten songs one is kept to judge by and one to know when to stop.
"""

import argparse
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("error: training needs torch, which is missing: pip install 'antiphon[torch]'")

from safetensors.numpy import save as serialise
from torch import Tensor, nn

from models.music_vae import melody
from models.music_vae.continuation import KIND
from models.music_vae.training import data, weights
from models.music_vae.training.folder import say, stopped_by_signals
from models.music_vae.training.network import MusicVae
from models.music_vae.training.train import save

EMBEDDED = Path(__file__).parents[2] / "weights" / "melody_2bar.safetensors"
STOPPING = 4
"""The 5th, 15th … song by name tells when to stop."""
KNOWN = 0.05
"""Nats of KL, on average, from which on a latent dimension says anything."""
SHIFTS = 6
FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What one training is."""

    steps: int = 1_500
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    dropout: float = 0.3
    units: int = 160
    width: int = 64
    new: int = 6
    longest: int = 16
    copies: int = 4
    seed: int = 1


class Predictor(nn.Module):
    """As the numpy predictor is, for whole sequences at once."""

    def __init__(self, known: Tensor, settings: Settings) -> None:
        super().__init__()
        self.known = known
        self.settings = settings
        count = int(known.sum())
        self.gru = nn.GRU(count, settings.units, batch_first=True)
        self.key = nn.Linear(settings.units + count, 2 * settings.width)
        self.query = nn.Linear(settings.units, 2 * settings.width)
        self.lag = nn.Parameter(torch.zeros(2, settings.longest))
        self.deviations = nn.Parameter(torch.tensor([[0.2], [0.7]]).log().repeat(1, count))
        self.keep = nn.Parameter(torch.full((count,), 0.5))
        self.drift = nn.Linear(settings.units, count)
        self.new = nn.Linear(settings.units, settings.new)
        self.means = nn.Linear(settings.units, settings.new * count)
        self.new_deviations = nn.Linear(settings.units, settings.new * count)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, heard: Tensor, target: Tensor) -> Tensor:
        """Log-density [B, T] of each target, given the segments up to it; both [B, T, known dimensions]."""
        batch, steps, count = heard.shape
        states, _ = self.gru(self.dropout(heard))
        states = self.dropout(states)
        keys = self.key(torch.cat([states, heard], 2)).view(batch, steps, 2, -1)
        queries = self.query(states).view(batch, steps, 2, -1)
        scores = torch.einsum("btcw,bjcw->btjc", queries, keys) / keys.shape[3] ** 0.5
        lags = torch.arange(steps)[:, None] - torch.arange(steps)  # of segment j, seen from t
        scores = scores + self.lag[:, lags.clamp(0, self.settings.longest - 1)].permute(1, 2, 0)
        scores = scores.masked_fill((lags < 0)[None, :, :, None], -torch.inf)
        logits = torch.cat([scores.flatten(2), self.new(states)], 2).log_softmax(2)
        exact, varied = self.deviations.exp()
        same = normal(target[:, :, None], heard[:, None], exact)
        near = normal(target[:, :, None], (heard * self.keep)[:, None] + self.drift(states)[:, :, None], varied)
        shape = (batch, steps, self.settings.new, count)
        deviations = self.new_deviations(states).clamp(-4.0, 1.0).exp().view(shape)
        new = normal(target[:, :, None], self.means(states).view(shape), deviations)
        densities = torch.cat([torch.stack([same, near], 3).flatten(2), new], 2)
        return torch.logsumexp(logits + densities, 2)

    def exported(self) -> dict[str, np.ndarray]:
        """By the names of the numpy predictor; kernels [in, out]."""
        out: dict[str, Tensor] = {
            "known": self.known.float(),
            "gru/input/kernel": self.gru.weight_ih_l0.T,
            "gru/input/bias": self.gru.bias_ih_l0,
            "gru/recurrent": self.gru.weight_hh_l0.T,
            "gru/recurrent_bias": self.gru.bias_hh_l0,
            "lag": self.lag,
            "again/deviations": self.deviations.exp(),
            "again/keep": self.keep,
        }
        layers = {"key": self.key, "query": self.query, "again/drift": self.drift, "new": self.new}
        layers |= {"new/means": self.means, "new/deviations": self.new_deviations}
        for name, layer in layers.items():
            out |= {f"{name}/kernel": layer.weight.T, f"{name}/bias": layer.bias}
        return {name: np.ascontiguousarray(value.detach().numpy(), np.float16) for name, value in out.items()}


def normal(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Log-density of a normal distribution with a deviation a dimension, summed over the last."""
    return (-0.5 * ((x - mean) / deviation).square() - deviation.log() - 0.9189385).sum(-1)


@dataclass(frozen=True)
class Sequences:
    """Successive segments of songs: windows [N, 32], and where each sequence begins and ends, and its song's place."""

    windows: np.ndarray
    spans: list[tuple[int, int, int]]


def segments(line: data.Line) -> list[np.ndarray]:
    """A line's successive windows [n, 32] from its first and from its second bar, without silent ones."""
    steps, bars = line
    found = []
    remaining = sorted(bars)
    while remaining:
        chain = [remaining[0]]
        known = set(remaining)
        while chain[-1] + data.WINDOW in known:
            chain.append(chain[-1] + data.WINDOW)
        remaining = [bar for bar in remaining if bar not in set(chain)]
        windows = np.array([melody.window(steps, bar) for bar in chain])
        windows = windows[(windows >= melody.FIRST_NOTE).any(1)]
        if len(windows) >= 2:
            found.append(windows)
    return found


def read(folder: Path) -> Sequences:
    """All sequences of a folder; says what it leaves out."""
    windows, spans, place, total = [], [], 0, 0
    for name, found in data.read_songs(folder, data.lines):
        if isinstance(found, str):
            say(f"left out {name}: {found}")
            continue
        for line in found:
            for sequence in segments(line):
                spans.append((total, total + len(sequence), place))
                windows.append(sequence)
                total += len(sequence)
        place += 1
    if not spans:
        raise ValueError(f"training data: none of the {place} songs under {folder} has four bars of 4/4 melody")
    return Sequences(np.concatenate(windows), spans)


def part(sequences: Sequences, name: str) -> Sequences:
    """The sequences of the songs for training, for stopping or for validation."""
    every = data.VALIDATION_EVERY
    rest = {"train": set(range(every)) - {STOPPING, every - 1}, "stopping": {STOPPING}, "validation": {every - 1}}[name]
    spans = [span for span in sequences.spans if span[2] % every in rest]
    if not spans:
        raise ValueError(f"training data: at least {every} songs are needed; there are none for {name}")
    windows, moved, total = [], [], 0
    for start, end, place in spans:
        windows.append(sequences.windows[start:end])
        moved.append((total, total + end - start, place))
        total += end - start
    return Sequences(np.concatenate(windows), moved)


@torch.no_grad()
def encode(model: MusicVae, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations [N, z] of windows [N, 32]."""
    found = [
        model.encode(torch.from_numpy(np.ascontiguousarray(some.T, np.int64)))
        for some in np.array_split(windows, -(-len(windows) // 512))
    ]
    mu, sigma = zip(*found, strict=True)
    return torch.cat(mu).numpy(), torch.cat(sigma).numpy()


def shifted(sequences: Sequences, copies: int, seed: int) -> tuple[np.ndarray, Sequences]:
    """Windows moved to other keys, each sequence as a whole, `copies` times over."""
    rng = np.random.default_rng(seed)
    windows, spans, total = [], [], 0
    for start, end, place in sequences.spans:
        rows = sequences.windows[start:end]
        notes = rows[rows >= melody.FIRST_NOTE]
        low, high = melody.FIRST_NOTE - notes.min(), melody.CLASSES - 1 - notes.max()
        for by in rng.permutation(np.arange(max(-SHIFTS, low), min(SHIFTS, high) + 1))[:copies]:
            windows.append(melody.transpose(rows, int(by)))
            spans.append((total, total + len(rows), place))
            total += len(rows)
    return np.concatenate(windows), Sequences(np.concatenate(windows), spans)


@dataclass(frozen=True)
class Latents:
    """Sequences as the predictor learns them: means and deviations of the known dimensions, by sequence."""

    mu: np.ndarray
    sigma: np.ndarray
    spans: list[tuple[int, int, int]]

    def batch(self, rng: np.random.Generator, count: int, longest: int) -> tuple[Tensor, Tensor, Tensor]:
        """What is heard, what comes next [B, T, known] and which of it is there [B, T]."""
        length = longest + 1
        mu = np.zeros((count, length, self.mu.shape[1]), np.float32)
        sigma = np.ones_like(mu)
        there = np.zeros((count, length), bool)
        for row in range(count):
            start, end, _ = self.spans[rng.integers(len(self.spans))]
            start = int(rng.integers(start, max(start + 1, end - 2)))
            end = min(end, start + length)
            mu[row, : end - start], sigma[row, : end - start] = self.mu[start:end], self.sigma[start:end]
            there[row, : end - start] = True
        target = mu[:, 1:] + sigma[:, 1:] * rng.standard_normal(mu[:, 1:].shape).astype(np.float32)
        return torch.from_numpy(mu[:, :-1]), torch.from_numpy(target), torch.from_numpy(there[:, 1:])


def prepared(folder: Path, model: MusicVae, cache: Path, copies: int) -> tuple[Tensor, Latents, Latents]:
    """Which dimensions are known, and the latents to train on and to stop by; kept in a file."""
    source = data.fingerprint(folder, f"continuation {copies}")
    if cache.exists():
        with np.load(cache, allow_pickle=False) as kept:
            if str(kept["source"]) == source:
                spans = [[tuple(span) for span in kept[f"spans_{n}"].tolist()] for n in (0, 1)]
                latents = [Latents(kept[f"mu_{n}"], kept[f"sigma_{n}"], spans[n]) for n in (0, 1)]  # type: ignore
                return torch.from_numpy(kept["known"]), *latents
    sequences = read(folder)
    found, known = [], None
    for name, times in (("train", copies), ("stopping", 1)):
        windows, moved = shifted(part(sequences, name), times, 1)
        say(f"{name}: {len(moved.spans)} sequences, {len(windows)} segments to encode")
        mu, sigma = encode(model, windows)
        if known is None:
            kl = 0.5 * (mu**2 + sigma**2 - 1 - 2 * np.log(sigma))
            known = kl.mean(0) > KNOWN
        found.append(Latents(mu[:, known], sigma[:, known], moved.spans))
    assert known is not None
    kept = {"known": known, "source": source}
    for n, latents in enumerate(found):
        kept |= {f"mu_{n}": latents.mu, f"sigma_{n}": latents.sigma, f"spans_{n}": np.array(latents.spans)}
    np.savez(cache, **kept)
    return torch.from_numpy(known), *found


def stopping_loss(predictor: Predictor, latents: Latents, longest: int) -> float:
    """Negative log-density of what comes next in the songs kept for stopping, a segment."""
    predictor.eval()  # torch's Module.eval: layers behave as at inference; it evaluates no text
    rng = np.random.default_rng(0)
    total, count = 0.0, 0.0
    with torch.no_grad():
        for _ in range(8):
            heard, target, there = latents.batch(rng, 64, longest)
            total -= float((predictor(heard, target) * there).sum())
            count += float(there.sum())
    predictor.train()
    return total / count


def train(folder: Path, out: Path, melodies: Path, settings: Settings, *, resume: bool) -> Path:
    """Train, and write the best predictor to `out`/continuation.safetensors."""
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, exported = out / "checkpoint.pt", out / "continuation.safetensors"
    if checkpoint.exists() and not resume:
        raise FileExistsError(f"{checkpoint} exists: add --resume to go on with it, or name another --out")
    model = weights.read(melodies)
    model.dtype = torch.bfloat16
    known, training, stopping = prepared(folder, model, out / "segments.npz", settings.copies)
    say(f"{int(known.sum())} of {len(known)} dimensions say something")
    predictor = Predictor(known, settings)
    optimizer = torch.optim.AdamW(predictor.parameters(), settings.rate, weight_decay=settings.decay)
    rng = np.random.default_rng(settings.seed)
    step, best = 0, float("inf")
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if state.get("format") != FORMAT:
            raise ValueError(f"checkpoint {checkpoint}: format {state.get('format')}, must be {FORMAT}")
        predictor.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        rng.bit_generator.state = json.loads(state["rng"])
        step, best = state["step"], state["best"]
    started, total = time.monotonic(), 0.0
    with stopped_by_signals() as stopped:
        while step < settings.steps and not stopped():
            for group in optimizer.param_groups:
                group["lr"] = settings.rate * min((step + 1) / 50, 1.0) * (1 - step / settings.steps) ** 0.5
            heard, target, there = training.batch(rng, settings.batch, settings.longest)
            loss = -(predictor(heard, target) * there).sum() / there.sum()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
            step += 1
            if step % 100 == 0 or step == settings.steps:
                judged = stopping_loss(predictor, stopping, settings.longest)
                if judged < best:
                    best = judged
                    exported.write_bytes(serialise(predictor.exported(), {"kind": KIND}))
                say(
                    f"{step / settings.steps:4.0%}  {time.monotonic() - started:5.0f} s  step {step}/{settings.steps}"
                    f"  loss {total / 100:.2f}  stopping songs {judged:.2f}  best {best:.2f}"
                )
                total = 0.0
                state = {"format": FORMAT, "step": step, "best": best, "model": predictor.state_dict()}
                state |= {"optimizer": optimizer.state_dict(), "rng": json.dumps(rng.bit_generator.state)}
                save(checkpoint, state)
    if not exported.exists():
        exported.write_bytes(serialise(predictor.exported(), {"kind": KIND}))
    say(f"{exported}: {exported.stat().st_size / 1e6:.2f} MB")
    return exported


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status, 2 for what the user can mend."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True)
    trainer = commands.add_parser("train", help="train a predictor")
    trainer.add_argument("--out", type=Path, required=True, help="folder of the predictor and its checkpoint")
    trainer.add_argument("--resume", action="store_true", help="go on from the checkpoint in --out")
    trainer.add_argument("--steps", type=int, default=Settings.steps)
    judge = commands.add_parser("evaluate", help="figures on the validation songs")
    judge.add_argument("predictor", type=Path)
    judge.add_argument("--json", type=Path)
    judge.add_argument("--positions", type=int, default=200, help="where songs are continued (default: %(default)s)")
    for command in (trainer, judge):
        command.add_argument("--data", type=Path, required=True, help="POP909 or a folder of MIDI files")
        command.add_argument("--melody", type=Path, default=EMBEDDED, help="the melody model's weights")
    args = top.parse_args(arguments)
    try:
        if args.command == "train":
            train(args.data, args.out, args.melody, Settings(steps=args.steps), resume=args.resume)
        else:
            from models.music_vae.training import continuing

            report = continuing.evaluate(args.predictor, args.melody, args.data, args.positions)
            print(continuing.table(report))
            if args.json:
                args.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        say(f"error: {error}")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
