"""The training loop: resumable, a checkpoint every few minutes, one line of JSON a report."""

import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.music_vae import melody
from models.music_vae.training.network import HParams, MusicVae, shift

FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """What one training is; kept in its checkpoints. `beta_max`, `free_bits`, `beta_rate` are Magenta's.

    `sampling` is the share of decoder inputs drawn from the model's own output instead of the truth, reached after `sampling_ramp` of
    the steps (Magenta's scheduled sampling goes to 1 by an inverse sigmoid). `sparse_share` is how many of the windows with a bar
    without an onset each epoch sees: with all of them, samples from the prior have too many empty bars.
    """

    steps: int = 16_000
    batch: int = 128
    learning_rate: float = 1e-3
    learning_rate_end: float = 1e-5
    beta_max: float = 0.2
    beta_rate: float = 0.999
    free_bits: float = 0.0
    sampling: float = 0.5
    sampling_ramp: float = 0.3
    transpose: int = 6
    sparse_share: float = 0.25
    clip: float = 1.0
    seed: int = 1

    def rate_at(self, step: int) -> float:
        """Cosine from the first to the last learning rate."""
        t = min(step / self.steps, 1.0)
        return self.learning_rate_end + (self.learning_rate - self.learning_rate_end) * 0.5 * (1 + math.cos(math.pi * t))

    def beta_at(self, step: int) -> float:
        return (1.0 - self.beta_rate**step) * self.beta_max

    def sampling_at(self, step: int) -> float:
        return self.sampling * min(step / (self.sampling_ramp * self.steps), 1.0)


class Batches:
    """Endless shuffled, transposed batches [T, B]; its position and randomness are part of the checkpoint."""

    def __init__(self, windows: np.ndarray, settings: Settings) -> None:
        self.windows = windows.astype(np.int64)
        self.settings = settings
        self.rng = np.random.default_rng(settings.seed)
        onsets = (windows >= melody.FIRST_NOTE).reshape(len(windows), 2, -1).any(2)
        self.sparse = ~onsets.all(1)
        pitched = np.where(windows >= melody.FIRST_NOTE, windows, 0)
        self.highest = pitched.max(1)
        self.lowest = np.where(pitched > 0, pitched, melody.CLASSES).min(1)
        self.epoch = 0
        self.queue = np.zeros(0, np.int64)

    def next(self) -> Tensor:
        if len(self.queue) < self.settings.batch:
            kept = ~self.sparse | (self.rng.random(len(self.windows)) < self.settings.sparse_share)
            self.queue = np.concatenate([self.queue, self.rng.permutation(np.flatnonzero(kept))])
            self.epoch += 1
        chosen, self.queue = self.queue[: self.settings.batch], self.queue[self.settings.batch :]
        limit = self.settings.transpose
        by = self.rng.integers(-limit, limit + 1, len(chosen))
        by = np.clip(by, melody.FIRST_NOTE - self.lowest[chosen], melody.CLASSES - 1 - self.highest[chosen])
        return torch.from_numpy(np.ascontiguousarray(melody.transpose(self.windows[chosen], by).T))

    def state(self) -> dict[str, object]:
        return {"rng": json.dumps(self.rng.bit_generator.state), "epoch": self.epoch, "queue": torch.from_numpy(self.queue.copy())}

    def restore(self, state: dict[str, object]) -> None:
        self.rng.bit_generator.state = json.loads(str(state["rng"]))
        self.epoch = int(str(state["epoch"]))
        self.queue = state["queue"].numpy()  # type: ignore[attr-defined]


def kl_divergence(mu: Tensor, sigma: Tensor) -> Tensor:
    """KL of N(mu, sigma) from N(0, 1), [B], in nats."""
    return 0.5 * (mu.square() + sigma.square() - 1.0 - 2.0 * sigma.log()).sum(1)


def loss_of(model: MusicVae, x: Tensor, step: int, settings: Settings) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy summed over the steps + beta max(KL - free bits, 0), mean over the batch [T, B]."""
    mu, sigma = model.encode(x)
    z = mu + sigma * torch.randn_like(sigma)
    rate = settings.sampling_at(step)
    fed = model.sample(z.detach(), len(x), 1.0, truth=x, rate=rate) if rate > 0 else x
    logits = model.decode(z, shift(fed))
    recon = F.cross_entropy(logits.view(-1, logits.shape[-1]), x.reshape(-1), reduction="sum") / x.shape[1]
    kl = kl_divergence(mu, sigma).mean()
    loss = recon + settings.beta_at(step) * torch.clamp(kl - settings.free_bits * math.log(2), min=0.0)
    return loss, {"loss": loss.item(), "recon": recon.item(), "kl_bits": kl.item() / math.log(2)}


def save(path: Path, state: dict[str, object]) -> None:
    """Write whole or not at all."""
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    os.replace(temporary, path)


def load(path: Path) -> dict[str, object]:
    """Read a checkpoint of this trainer; nothing but tensors and plain values is unpickled."""
    state: dict[str, object] = torch.load(path, map_location="cpu", weights_only=True)
    if state.get("format") != FORMAT:
        raise ValueError(f"checkpoint {path}: format {state.get('format')}, must be {FORMAT}")
    return state


def hparams_of(state: dict[str, object]) -> HParams:
    stored = dict(state["hparams"])  # type: ignore[call-overload]
    return HParams(stored["z_size"], tuple(stored["enc_rnn_size"]), tuple(stored["dec_rnn_size"]))


def train(
    windows: np.ndarray,
    out: Path,
    hparams: HParams,
    settings: Settings,
    *,
    resume: bool,
    report: Callable[[dict[str, float]], None],
    validate: Callable[[MusicVae], dict[str, float]] | None = None,
    every_s: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train until `settings.steps`; a checkpoint in `out` every `every_s` seconds and at the end. Returns its path.

    Resuming takes sizes from the checkpoint and the settings given now, so that a training may be lengthened.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "checkpoint.pt"
    torch.manual_seed(settings.seed)
    step = 0
    state = load(path) if resume and path.exists() else None
    if state is not None:
        hparams = hparams_of(state)
    model = MusicVae(hparams, torch.bfloat16)
    optimizer = torch.optim.Adam(model.parameters(), settings.learning_rate, fused=True)
    batches = Batches(windows, settings)
    if state is not None:
        model.load_state_dict(state["model"])  # type: ignore[arg-type]
        optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]
        batches.restore(state["batches"])  # type: ignore[arg-type]
        torch.set_rng_state(state["rng"])  # type: ignore[arg-type]
        step = int(str(state["step"]))
    said = saved = time.monotonic()
    said_step = step
    sums: dict[str, float] = {}
    while True:
        done = step >= settings.steps or stop()
        now = time.monotonic()
        if done or now - saved >= every_s:
            save(
                path,
                {
                    "format": FORMAT, "step": step, "model": model.state_dict(), "optimizer": optimizer.state_dict(),
                    "batches": batches.state(), "rng": torch.get_rng_state(), "hparams": hparams.stored(),
                    "settings": asdict(settings),
                },
            )
            if validate is not None:
                report({"step": step, "epoch": batches.epoch, **validate(model)})
            saved = time.monotonic()
        if done:
            return path
        for group in optimizer.param_groups:
            group["lr"] = settings.rate_at(step)
        loss, parts = loss_of(model, batches.next(), step, settings)
        optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        optimizer.step()
        step += 1
        for key, value in {**parts, "grad_norm": norm.item()}.items():
            sums[key] = sums.get(key, 0.0) + value
        if step % 50 == 0:
            seconds, count = time.monotonic() - said, step - said_step
            report({"step": step, "epoch": batches.epoch, "windows_per_second": count * settings.batch / seconds,
                    **{k: v / count for k, v in sums.items()}})
            said, said_step, sums = time.monotonic(), step, {}


__all__ = ["Settings", "hparams_of", "load", "loss_of", "replace", "save", "train"]
