"""The training loop: resumable, with a checkpoint every few minutes."""

import json
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from models.music_vae.training.heads import Groove
from models.music_vae.training.kinds import MELODY, Kind
from models.music_vae.training.muon import Muon
from models.music_vae.training.network import HParams, MusicVae, shift
from models.music_vae.training.settings import Settings
from models.music_vae.training.weights import hparams_from

FORMAT = 2


class Batches:
    """Endless shuffled batches, varied by their kind; its position and randomness are part of the checkpoint."""

    def __init__(self, windows: np.ndarray, settings: Settings, kind: Kind = MELODY) -> None:
        self.windows = windows
        self.settings = settings
        self.kind = kind
        self.rng = np.random.default_rng(settings.seed)
        self.chances = kind.chances(windows, settings)
        self.epoch = 0
        self.queue = np.zeros(0, np.int64)

    def next(self, step: int) -> tuple[Tensor, Tensor]:
        """What the encoder reads and what the decoder is to write at a step of the training."""
        while len(self.queue) < self.settings.batch:
            kept = self.rng.random(len(self.windows)) < self.chances
            self.queue = np.concatenate([self.queue, self.rng.permutation(np.flatnonzero(kept))])
            self.epoch += 1
        chosen, self.queue = self.queue[: self.settings.batch], self.queue[self.settings.batch :]
        settings = replace(self.settings, mixed=self.settings.mixed_at(step))
        return self.kind.batch(self.windows[chosen], self.rng, settings)

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


def loss_of(model: MusicVae, x: Tensor, y: Tensor, step: int, settings: Settings) -> tuple[Tensor, dict[str, float]]:
    """The head's loss summed over the steps + beta max(KL - free bits, 0), mean over the batch."""
    mu, sigma = model.encode(x)
    z = vaguer(mu + sigma * torch.randn_like(sigma), settings)
    chords = model.chords(x)
    free = round(settings.free_at(step) * y.shape[1])
    fed = y
    if free:
        given = model.known(y[:, :free])
        over = None if chords is None else chords[:, :free]
        own = model.sample(z[:free].detach(), len(y), settings.free_temperature, chords=over, **given)
        fed = torch.cat([own, y[:, free:]], 1)
    recon = model.head.loss(model.decode(z, shift(fed), chords), y)
    kl = kl_divergence(mu, sigma).mean()
    loss = recon + settings.beta_at(step) * torch.clamp(kl - settings.free_bits * math.log(2), min=0.0)
    return loss, {"loss": loss.item(), "recon": recon.item(), "kl_bits": kl.item() / math.log(2)}


def vaguer(z: Tensor, settings: Settings) -> Tensor:
    """Some rows of z [B, z] nearer to noise, each as far as chance will have it."""
    if not settings.vague:
        return z
    along = settings.vaguest * torch.rand(len(z), 1) * (torch.rand(len(z), 1) < settings.vague)
    return (1 - along.square()).sqrt() * z + along * torch.randn_like(z)


def make_optimizers(model: MusicVae, settings: Settings) -> list[torch.optim.Optimizer]:
    """Muon for the LSTM kernels, Adam for the rest."""
    kernels, rest = [], []
    for name, value in model.variables.items():
        if not value.requires_grad:
            continue
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


def hparams_of(state: dict[str, object]) -> HParams:
    """The sizes that a checkpoint is of."""
    return hparams_from(state["hparams"], str(state.get("config", MELODY.config)))  # type: ignore[arg-type]


def model_of(state: dict[str, object]) -> MusicVae:
    """A float32 model from a checkpoint."""
    model = MusicVae(hparams_of(state))
    model.load_state_dict(state["model"])  # type: ignore[arg-type]
    return model


def train(
    windows: np.ndarray,
    out: Path,
    hparams: HParams,
    settings: Settings,
    *,
    kind: Kind = MELODY,
    start: MusicVae | None = None,
    resume: bool,
    report: Callable[[dict[str, float]], None],
    validate: Callable[[MusicVae], dict[str, float]] | None = None,
    every_s: float = 300.0,
    stop: Callable[[], bool] = lambda: False,
) -> Path:
    """Train until `settings.steps`; a checkpoint in `out` every `every_s` seconds and at the end. Returns its path.

    Resuming takes sizes from the checkpoint and the settings given now, so that a training may be lengthened. A new
    training begins with what `start`, of the same sizes, has learnt.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "checkpoint.pt"
    torch.manual_seed(settings.seed)
    step = 0
    state = load(path) if resume and path.exists() else None
    if state is not None:
        hparams = hparams_of(state)
        if hparams.config != kind.config:
            raise ValueError(f"checkpoint {path} is of {hparams.config}, must be of {kind.config} to go on with it")
    model = MusicVae(hparams, torch.bfloat16)
    if start is not None and state is None:
        model.load_state_dict(start.state_dict())
    if isinstance(model.head, Groove):
        model.head.feel = settings.feel
    for name, value in model.variables.items():
        value.requires_grad_(kind.start is None or not name.startswith("encoder/"))
    optimizers = make_optimizers(model, settings)
    batches = Batches(windows, settings, kind)
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
                    "config": hparams.config,
                    "hparams": hparams.stored(),
                    "settings": asdict(settings),
                },
            )
            if validate is not None:
                report({"step": step, "epoch": batches.epoch, **validate(model)})
            saved = time.monotonic()
        if done:
            return path
        loss, parts = loss_of(model, *batches.next(step), step, settings)
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
