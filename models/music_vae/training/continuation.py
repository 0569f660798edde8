"""Train and judge the predictor that continues melodies (`models/music_vae/continuation.py`).

    python -m models.music_vae.training.continuation train --data DIR --out DIR [--start PREDICTOR] [--resume]
    python -m models.music_vae.training.continuation evaluate PREDICTOR --data DIR [--json FILE]

DIR holds POP909 or any MIDI files in 4/4. It learns over the latent vectors of a melody model, the embedded one unless
--melody names another. Of ten songs one is kept to judge by and one to know when to stop.

First it learns how melodies go on, then what the chords of the next two bars change; of the first nothing changes then,
so that without chords it stays as good. With --start it only learns the second, of a predictor that knows the first.
"""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

try:
    import torch
except ImportError:
    sys.exit("error: training needs torch, which is missing: pip install 'antiphon[torch]'")

from safetensors.numpy import load_file
from safetensors.numpy import save as serialise
from torch import Tensor, nn

from models.music_vae import progression
from models.music_vae.continuation import HALF_BARS, KIND, Continuation
from models.music_vae.training import data, sequences, weights
from models.music_vae.training.folder import say, stopped_by_signals
from models.music_vae.training.network import MusicVae
from models.music_vae.training.train import save

EMBEDDED = Path(__file__).parents[2] / "weights" / "melody_2bar.safetensors"
KNOWN = 0.05
"""Nats of KL, on average, from which on a latent dimension says anything."""
FORMAT = 2


@dataclass(frozen=True)
class Settings:
    """What one training is."""

    steps: int = 1_500
    chord_steps: int = 600
    batch: int = 64
    rate: float = 2e-3
    decay: float = 0.05
    dropout: float = 0.3
    units: int = 160
    width: int = 64
    between: int = 128
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
        self.chords = nn.ModuleDict(
            {
                "in": nn.Linear(settings.units + HALF_BARS * progression.PITCH_CLASSES, settings.between),
                "out": nn.Linear(settings.between, settings.units),
            }
        )
        for value in self.chords["out"].parameters():
            nn.init.zeros_(value)

    def over(self, states: Tensor, chords: Tensor) -> Tensor:
        """States [B, T, units] with what the chords [B, T, 4] of the next half bars change of them."""
        tones = torch.from_numpy(progression.TONES).float()[chords].flatten(2)
        between = self.dropout(torch.tanh(self.chords["in"](torch.cat([states, tones], 2))))
        return states + self.chords["out"](between) * chords.any(2, keepdim=True)

    def forward(self, heard: Tensor, target: Tensor, chords: Tensor | None = None) -> Tensor:
        """Log-density [B, T] of each target, given the segments up to it; both [B, T, known dimensions].

        Chords are those of the half bars of the targets, [B, T, 4], 0 where there is none.
        """
        batch, steps, count = heard.shape
        states, _ = self.gru(self.dropout(heard))
        states = self.dropout(states)
        keys = self.key(torch.cat([states, heard], 2)).view(batch, steps, 2, -1)
        if chords is not None:
            states = self.over(states, chords)
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
        layers |= {f"chords/{name}": layer for name, layer in self.chords.items()}  # type: ignore[misc]
        for name, layer in layers.items():
            out |= {f"{name}/kernel": layer.weight.T, f"{name}/bias": layer.bias}
        return {name: np.ascontiguousarray(value.detach().numpy(), np.float16) for name, value in out.items()}

    def take(self, tensors: Mapping[str, np.ndarray]) -> None:
        """The reverse of :meth:`exported`, but for what it lacks. Raises ValueError for other shapes."""
        found = {name: torch.from_numpy(np.array(value, np.float32)) for name, value in tensors.items()}
        names = {"weight_ih_l0": "input/kernel", "bias_ih_l0": "input/bias"}
        names |= {"weight_hh_l0": "recurrent", "bias_hh_l0": "recurrent_bias"}
        state = {f"gru.{own}": found[f"gru/{name}"].t() for own, name in names.items()}
        state |= {"lag": found["lag"], "keep": found["again/keep"], "deviations": found["again/deviations"].log()}
        layers = {"key": "key", "query": "query", "again/drift": "drift", "new": "new", "new/means": "means"}
        layers |= {"new/deviations": "new_deviations", "chords/in": "chords.in", "chords/out": "chords.out"}
        for name, own in layers.items():
            if f"{name}/kernel" in found:
                state |= {f"{own}.weight": found[f"{name}/kernel"].T, f"{own}.bias": found[f"{name}/bias"]}
        try:
            self.load_state_dict(self.state_dict() | state)
        except RuntimeError as error:
            raise ValueError(f"the predictor to begin with has other sizes: {error}") from error


def normal(x: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Log-density of a normal distribution with a deviation a dimension, summed over the last."""
    return (-0.5 * ((x - mean) / deviation).square() - deviation.log() - 0.9189385).sum(-1)


@torch.no_grad()
def encode(model: MusicVae, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and deviations [N, z] of windows [N, 32]."""
    found = [
        model.encode(torch.from_numpy(np.ascontiguousarray(some.T, np.int64)))
        for some in np.array_split(windows, -(-len(windows) // 512))
    ]
    mu, sigma = zip(*found, strict=True)
    return torch.cat(mu).numpy(), torch.cat(sigma).numpy()


@dataclass(frozen=True)
class Latents:
    """Sequences as the predictor learns them: means and deviations of the known dimensions, by sequence."""

    mu: np.ndarray
    sigma: np.ndarray
    chords: np.ndarray
    spans: list[tuple[int, int, int]]

    def batch(self, rng: np.random.Generator, count: int, longest: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """What is heard, what comes next [B, T, known], its chords [B, T, 4] and which of it is there [B, T]."""
        length = longest + 1
        mu = np.zeros((count, length, self.mu.shape[1]), np.float32)
        sigma = np.ones_like(mu)
        there = np.zeros((count, length), bool)
        over = np.zeros((count, length, HALF_BARS), np.int64)
        for row in range(count):
            start, end, _ = self.spans[rng.integers(len(self.spans))]
            start = int(rng.integers(start, max(start + 1, end - 2)))
            end = min(end, start + length)
            mu[row, : end - start], sigma[row, : end - start] = self.mu[start:end], self.sigma[start:end]
            there[row, : end - start], over[row, : end - start] = True, self.chords[start:end]
        target = mu[:, 1:] + sigma[:, 1:] * rng.standard_normal(mu[:, 1:].shape).astype(np.float32)
        parts = mu[:, :-1], target, over[:, 1:], there[:, 1:]
        return tuple(map(torch.from_numpy, parts))  # type: ignore[return-value]


def prepared(
    folder: Path, model: MusicVae, cache: Path, copies: int, known: np.ndarray | None
) -> tuple[Tensor, Latents, Latents]:
    """Which dimensions are known, and the latents to train on and to stop by; kept in a file."""
    source = data.fingerprint(folder, f"continuation over chords {copies}")
    names = [field.name for field in fields(Latents) if field.name != "spans"]
    if cache.exists():
        with np.load(cache, allow_pickle=False) as kept:
            if str(kept["source"]) == source and (known is None or np.array_equal(known, kept["known"])):
                spans = [[tuple(span) for span in kept[f"spans_{n}"].tolist()] for n in (0, 1)]
                latents = [Latents(*(kept[f"{name}_{n}"] for name in names), spans[n]) for n in (0, 1)]  # type: ignore
                return torch.from_numpy(kept["known"]), *latents
    every = sequences.read(folder)
    found = []
    for name, times in (("train", copies), ("stopping", 1)):
        moved = sequences.shifted(sequences.part(every, name), times, 1)
        say(f"{name}: {len(moved.spans)} sequences, {len(moved.windows)} segments to encode")
        mu, sigma = encode(model, moved.windows)
        if known is None:
            kl = 0.5 * (mu**2 + sigma**2 - 1 - 2 * np.log(sigma))
            known = kl.mean(0) > KNOWN
        found.append(Latents(mu[:, known], sigma[:, known], moved.chords, moved.spans))
    assert known is not None
    kept = {"known": known, "source": source}
    for n, latents in enumerate(found):
        kept |= {f"{name}_{n}": getattr(latents, name) for name in names}
        kept[f"spans_{n}"] = np.array(latents.spans)
    np.savez(cache, **kept)
    return torch.from_numpy(known), *found


def stopping_loss(predictor: Predictor, latents: Latents, longest: int, *, over_chords: bool) -> float:
    """Negative log-density of what comes next in the songs kept for stopping, a segment."""
    predictor.eval()  # torch's Module.eval: layers behave as at inference; it evaluates no text
    rng = np.random.default_rng(0)
    total, count = 0.0, 0.0
    with torch.no_grad():
        for _ in range(8):
            heard, target, over, there = latents.batch(rng, 64, longest)
            total -= float((predictor(heard, target, over if over_chords else None) * there).sum())
            count += float(there.sum())
    predictor.train()
    return total / count


def only_chords(predictor: Predictor, path: Path) -> None:
    """Take what a file knows, and learn nothing more but what chords change."""
    predictor.take(load_file(path))
    for name, value in predictor.named_parameters():
        value.requires_grad_(name.startswith("chords."))


def train(
    folder: Path, out: Path, melodies: Path, settings: Settings, *, resume: bool, start: Path | None = None
) -> Path:
    """Train, and write the best predictor to `out`/continuation.safetensors."""
    torch.set_num_threads(1)
    torch.manual_seed(settings.seed)
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, exported = out / "checkpoint.pt", out / "continuation.safetensors"
    if checkpoint.exists() and not resume:
        raise FileExistsError(f"{checkpoint} exists: add --resume to go on with it, or name another --out")
    model = weights.read(melodies)
    model.dtype = torch.bfloat16
    known = None
    step, best, last = 0, float("inf"), settings.steps + settings.chord_steps
    if start is not None:
        known = np.isin(np.arange(model.hp.z_size), Continuation(start, model.hp.z_size).known)
        exported.write_bytes(start.read_bytes())
        step = settings.steps
    dimensions, training, stopping = prepared(folder, model, out / "segments.npz", settings.copies, known)
    say(f"{int(dimensions.sum())} of {len(dimensions)} dimensions say something")
    predictor = Predictor(dimensions, settings)
    optimizer = torch.optim.AdamW(predictor.parameters(), settings.rate, weight_decay=settings.decay)
    rng = np.random.default_rng(settings.seed)
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if state.get("format") != FORMAT:
            raise ValueError(f"checkpoint {checkpoint}: format {state.get('format')}, must be {FORMAT}")
        if settings.steps != state["steps"] < state["step"]:
            raise ValueError(f"steps must stay {state['steps']} once chords are being learnt, got {settings.steps}")
        predictor.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        rng.bit_generator.state = json.loads(state["rng"])
        step, best = state["step"], state["best"]
        if step > settings.steps:
            for name, value in predictor.named_parameters():
                value.requires_grad_(name.startswith("chords."))
    started, total = time.monotonic(), 0.0
    with stopped_by_signals() as stopped:
        while step < last and not stopped():
            if step == settings.steps:
                only_chords(predictor, exported)
                best = stopping_loss(predictor, stopping, settings.longest, over_chords=True)
                say(f"without what chords change: stopping songs {best:.2f}")
            over_chords = step >= settings.steps
            first, beyond = (settings.steps, last) if over_chords else (0, settings.steps)
            for group in optimizer.param_groups:
                along = (step - first) / (beyond - first)
                group["lr"] = settings.rate * min((step - first + 1) / 50, 1.0) * (1 - along) ** 0.5
            heard, target, over, there = training.batch(rng, settings.batch, settings.longest)
            loss = -(predictor(heard, target, over if over_chords else None) * there).sum() / there.sum()
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(predictor.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
            step += 1
            if step % 100 == 0 or step in (settings.steps, last):
                judged = stopping_loss(predictor, stopping, settings.longest, over_chords=over_chords)
                if judged < best:
                    best = judged
                    exported.write_bytes(serialise(predictor.exported(), {"kind": KIND}))
                say(
                    f"{step / last:4.0%}  {time.monotonic() - started:5.0f} s  step {step}/{last}"
                    f"  loss {total / 100:.2f}  stopping songs {judged:.2f}  best {best:.2f}"
                )
                total = 0.0
                state = {"format": FORMAT, "step": step, "best": best, "model": predictor.state_dict()}
                state |= {
                    "steps": settings.steps,
                    "optimizer": optimizer.state_dict(),
                    "rng": json.dumps(rng.bit_generator.state),
                }
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
    trainer.add_argument("--start", type=Path, help="a predictor, to learn only what chords change of it")
    trainer.add_argument("--steps", type=int, default=Settings.steps)
    trainer.add_argument("--chord-steps", type=int, default=Settings.chord_steps)
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
            settings = Settings(steps=args.steps, chord_steps=args.chord_steps)
            train(args.data, args.out, args.melody, settings, resume=args.resume, start=args.start)
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
