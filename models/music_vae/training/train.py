"""The training loop: resumable, with a checkpoint every few minutes."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.music_vae import melody
from models.music_vae.training.muon import Muon
from models.music_vae.training.network import HParams, MusicVae, shift
from models.music_vae.training.weights import hparams_from

FORMAT = 2


@dataclass(frozen=True)
class Settings:
    """What one training is; kept in its checkpoints. `beta_max`, `beta_rate`, `free_bits` are Magenta's.

    The LSTM kernels are trained with Muon (a quarter of Adam's steps to the same loss here), the rest with Adam; both
    learning rates fall by a cosine to `decay_to` of their first value. `free_running` is the share of each batch whose
    decoder is fed its own samples instead of the truth, reached after `free_ramp` of the steps (Magenta's scheduled
    sampling mixes the two within a sequence). `sparse_share` is how many of the windows with a bar without an onset
    an epoch sees: with all of them, samples from the prior have too many empty bars.
    """

    steps: int = 9_000
    batch: int = 128
    muon_rate: float = 0.01
    muon_decay: float = 0.1
    adam_rate: float = 2e-3
    decay_to: float = 0.01
    warm_up: int = 30
    beta_max: float = 0.2
    beta_rate: float = 0.999
    free_bits: float = 0.0
    free_running: float = 0.4
    free_ramp: float = 0.5
    free_temperature: float = 0.7
    transpose: int = 6
    sparse_share: float = 0.25
    clip: float = 1.0
    seed: int = 1

    def rate_at(self, step: int) -> float:
        """The factor of both learning rates."""
        t = min(step / self.steps, 1.0)
        cosine = self.decay_to + (1.0 - self.decay_to) * 0.5 * (1.0 + math.cos(math.pi * t))
        return cosine * min((step + 1) / self.warm_up, 1.0)

    def beta_at(self, step: int) -> float:
        return (1.0 - self.beta_rate**step) * self.beta_max

    def free_at(self, step: int) -> float:
        return self.free_running * min(step / (self.free_ramp * self.steps), 1.0)


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
        while len(self.queue) < self.settings.batch:
            kept = ~self.sparse | (self.rng.random(len(self.windows)) < self.settings.sparse_share)
            self.queue = np.concatenate([self.queue, self.rng.permutation(np.flatnonzero(kept))])
            self.epoch += 1
        chosen, self.queue = self.queue[: self.settings.batch], self.queue[self.settings.batch :]
        limit = self.settings.transpose
        by = self.rng.integers(-limit, limit + 1, len(chosen))
        by = np.clip(by, melody.FIRST_NOTE - self.lowest[chosen], melody.CLASSES - 1 - self.highest[chosen])
        return torch.from_numpy(np.ascontiguousarray(melody.transpose(self.windows[chosen], by).T))

    def state(self) -> dict[str, object]:
        return {
            "rng": json.dumps(self.rng.bit_generator.state),
            "epoch": self.epoch,
            "queue": torch.from_numpy(self.queue.copy()),
        }

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
    free = round(settings.free_at(step) * x.shape[1])
    fed = x
    if free:
        fed = torch.cat([model.sample(z[:free].detach(), len(x), settings.free_temperature), x[:, free:]], 1)
    logits = model.decode(z, shift(fed))
    recon = functional.cross_entropy(logits.view(-1, logits.shape[-1]), x.reshape(-1), reduction="sum") / x.shape[1]
    kl = kl_divergence(mu, sigma).mean()
    loss = recon + settings.beta_at(step) * torch.clamp(kl - settings.free_bits * math.log(2), min=0.0)
    return loss, {"loss": loss.item(), "recon": recon.item(), "kl_bits": kl.item() / math.log(2)}


def make_optimizers(model: MusicVae, settings: Settings) -> list[torch.optim.Optimizer]:
    """Muon for the LSTM kernels, Adam for the rest."""
    kernels, rest = [], []
    for name, value in model.variables.items():
        (kernels if name.endswith("lstm_cell/kernel") else rest).append(value)
    muon = Muon(kernels, settings.muon_rate, settings.muon_decay)
    return [muon, torch.optim.Adam(rest, settings.adam_rate, fused=True)]


def save(path: Path, state: dict[str, object]) -> None:
    """Write whole or not at all."""
    temporary = path.with_suffix(".part")
    torch.save(state, temporary)
    temporary.replace(path)


def load(path: Path) -> dict[str, object]:
    """Read a checkpoint of this trainer; nothing but tensors and plain values is unpickled."""
    state: dict[str, object] = torch.load(path, map_location="cpu", weights_only=True)
    if state.get("format") != FORMAT:
        raise ValueError(f"checkpoint {path}: format {state.get('format')}, must be {FORMAT}")
    return state


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
        hparams = hparams_from(state["hparams"])  # type: ignore[arg-type]
    model = MusicVae(hparams, torch.bfloat16)
    optimizers = make_optimizers(model, settings)
    batches = Batches(windows, settings)
    if state is not None:
        model.load_state_dict(state["model"])  # type: ignore[arg-type]
        for optimizer, saved_state in zip(optimizers, state["optimizers"], strict=True):  # type: ignore[call-overload]
            optimizer.load_state_dict(saved_state)
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
                    "format": FORMAT,
                    "step": step,
                    "model": model.state_dict(),
                    "optimizers": [o.state_dict() for o in optimizers],
                    "batches": batches.state(),
                    "rng": torch.get_rng_state(),
                    "hparams": hparams.stored(),
                    "settings": asdict(settings),
                },
            )
            if validate is not None:
                report({"step": step, "epoch": batches.epoch, **validate(model)})
            saved = time.monotonic()
        if done:
            return path
        loss, parts = loss_of(model, batches.next(), step, settings)
        model.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
        factor = settings.rate_at(step)
        for optimizer, rate in zip(optimizers, (settings.muon_rate, settings.adam_rate), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = rate * factor
            optimizer.step()
        step += 1
        for key, value in {**parts, "grad_norm": norm.item()}.items():
            sums[key] = sums.get(key, 0.0) + value
        if step % 50 == 0:
            seconds, count = time.monotonic() - said, step - said_step
            report(
                {
                    "step": step,
                    "epoch": batches.epoch,
                    "windows_per_second": count * settings.batch / seconds,
                    **{k: v / count for k, v in sums.items()},
                }
            )
            said, said_step, sums = time.monotonic(), step, {}
