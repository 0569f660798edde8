"""How the GAN learns: first each picture under a z of its own, then from a discriminator on frozen features.

The first part is generative latent optimisation (Bojanowski et al. 2018): a z for each picture, learnt with the
generator, gives colours and shapes within minutes. The second lets go of the pictures and is a projected GAN (Sauer et
al. 2021): hinge loss, features of EfficientNet-Lite0, and pictures and generated ones seen through the same random
shifts, holes and changes of light and colour (differentiable augmentation, Zhao et al. 2020), so that a few hundred
pictures do. Footage is not let go of: the z of its frames in order are its walk, and what the discriminator is shown
lies between them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS, SPREAD
from models.latent.training.coding import decode_plain

from .features import Features, installed
from .network import Discriminator, Generator, Z, unit

CHECKPOINT_EVERY_S = 120.0
FASTER = 4
"""By how much the rate is higher while there is no discriminator."""
KEEP, COARSE = 10.0, 8
"""What keeping the pictures weighs beside the discriminator, and of how many points' means, across and down."""
AVERAGE = 10_000
"""Samples after which what was learnt counts half in the average generator, which is what is written."""

_coarse = torch.from_numpy(SPREAD).sqrt()
WEIGHTS = (_coarse / _coarse.mean()).view(1, CHANNELS, 1, 1)


@dataclass(frozen=True)
class Settings:
    """How long, and of how many at once: samples of the first part, and of both together."""

    first: int = 12_000
    samples: int = 200_000
    batch: int = 16
    rate: float = 5e-4
    seed: int = 1
    widths: tuple[int, ...] | None = None


def between(anchors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """z [count, Z] between learnt ones: each of three drawn at random, in random shares."""
    shares = torch.rand(count, 3, 1, generator=generator).pow(3)
    chosen = anchors[torch.randint(len(anchors), (count, 3), generator=generator)]
    return unit((chosen * shares / shares.sum(1, keepdim=True)).sum(1))


def augmented(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Pictures [B, 3, 64, 64] each with another light, colour and contrast, moved by up to an eighth, with a hole."""
    count, _, height, width = pictures.shape

    def drawn(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)

    x = pictures + drawn(-0.2, 0.2)
    grey = x.mean(1, keepdim=True)
    x = grey + drawn(0.6, 1.4) * (x - grey)
    mean = x.mean((1, 2, 3), keepdim=True)
    x = mean + drawn(0.8, 1.2) * (x - mean)
    down, across = torch.arange(height).view(1, -1, 1), torch.arange(width).view(1, 1, -1)
    y, z = (torch.randint(-s // 8, s // 8 + 1, (count, 1, 1), generator=generator) for s in (height, width))
    padded = functional.pad(x, (width // 8,) * 2 + (height // 8,) * 2)
    rows, columns = down + y + height // 8, across + z + width // 8
    x = padded.permute(0, 2, 3, 1)[torch.arange(count).view(-1, 1, 1), rows, columns].permute(0, 3, 1, 2)
    y, z = (torch.randint(0, s + 1, (count, 1, 1), generator=generator) for s in (height, width))
    hole = ((down - y).abs() < height // 4) & ((across - z).abs() < width // 4)
    return x * ~hole[:, None]


def seams(off: Tensor) -> Tensor:
    """What latents that are off by so much differ by in the steps between points, so that the cells do not show."""
    points = decode_plain(off) - decode_plain(torch.zeros_like(off[:1]))
    return 4 * (points.diff(dim=2).abs().mean() + points.diff(dim=3).abs().mean())


class Training:
    """All that changes while it learns, and goes into the checkpoint."""

    def __init__(self, latents: Tensor, moving: bool, settings: Settings) -> None:
        torch.manual_seed(settings.seed)
        self.latents, self.moving, self.settings = latents, moving, settings
        widths = {} if settings.widths is None else {"widths": settings.widths}
        self.generator, self.average = (Generator(**widths).to(memory_format=torch.channels_last) for _ in range(2))
        self.average.load_state_dict(self.generator.state_dict())
        self.discriminator = Discriminator(Features(installed())).to(memory_format=torch.channels_last)
        self.discriminator.calibrate(decode_plain(latents[:: max(1, len(latents) // 64)]))
        self.random = torch.Generator().manual_seed(settings.seed)
        self.anchors = nn.Parameter(_spread(latents, moving))
        fast = [{"params": [self.anchors]}, {"params": list(self.generator.parameters())}]
        self.making = torch.optim.Adam(fast, lr=settings.rate, betas=(0.0, 0.99), foreach=True)
        self.judging = torch.optim.Adam(
            self.discriminator.judges.parameters(), lr=settings.rate, betas=(0.0, 0.99), foreach=True
        )
        self.seen, self.steps = 0, 0

    def step(self) -> dict[str, float]:
        """Learn from one batch; what was lost."""
        settings = self.settings
        adversarial = self.seen >= settings.first
        rate = settings.rate * (1 if adversarial else FASTER) * min(1, (self.steps + 1) / 50)
        self.making.param_groups[0]["lr"], self.making.param_groups[1]["lr"] = 5 * rate, rate
        self.judging.param_groups[0]["lr"] = rate
        told: dict[str, float] = {}
        half = settings.batch // 2 if adversarial else settings.batch
        chosen = torch.randint(len(self.latents), (half,), generator=self.random)
        z = torch.cat([self.anchors[chosen], self._fresh(settings.batch - half)])
        with torch.autocast("cpu", torch.bfloat16):
            made = self.generator(z, self.random, (settings.batch - half) // 2)
        made, wanted = made.float(), self.latents[chosen]
        if adversarial:
            pictures = decode_plain(made)
            off = functional.avg_pool2d(pictures[:half] - decode_plain(wanted), COARSE)
            kept = off.abs().mean()
            looked = self.discriminator.look(augmented(pictures, self.random))
            told |= self._judge([features.detach() for features in looked])
            self.discriminator.judges.requires_grad_(False)
            fooled = -_mean([verdict.mean() for verdict in self._verdicts(looked)])
            self.discriminator.judges.requires_grad_(True)
            loss = KEEP * kept + fooled
            told["fooled"] = float(fooled.detach())
        else:
            loss = kept = (made - wanted).abs().mul(WEIGHTS).mean() + seams(made - wanted)
        told["kept"] = float(kept.detach())
        self.making.zero_grad(set_to_none=True)
        loss.backward()
        self.making.step()
        self.seen += settings.batch
        self.steps += 1
        with torch.no_grad():
            share = 1 - 0.5 ** (settings.batch / min(AVERAGE, 0.05 * self.seen))
            for mean, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(new, share)
        return told

    def _fresh(self, count: int) -> Tensor:
        """z [count, Z] of no picture: of footage between the frames, of pictures anywhere."""
        if self.moving:
            return between(self.anchors.detach(), count, self.random)
        return torch.randn(count, Z, generator=self.random)

    def _verdicts(self, looked: list[Tensor]) -> list[Tensor]:
        with torch.autocast("cpu", torch.bfloat16):
            return self.discriminator(looked)  # type: ignore[no-any-return]

    def _judge(self, fake: list[Tensor]) -> dict[str, float]:
        """The discriminator's step (hinge loss): pictures, mirrored or not, beside the features of generated ones."""
        count = self.settings.batch
        real = decode_plain(self.latents[torch.randint(len(self.latents), (count,), generator=self.random)])
        if not self.moving:
            flip = torch.rand(count, 1, 1, 1, generator=self.random) < 0.5
            real = torch.where(flip, real.flip(3), real)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            looked = self.discriminator.look(augmented(real, self.random))
        off = [functional.relu(1 - verdict).mean() for verdict in self._verdicts(looked)]
        off += [functional.relu(1 + verdict).mean() for verdict in self._verdicts(fake)]
        loss = 2 * _mean(off)
        self.judging.zero_grad(set_to_none=True)
        loss.backward()
        self.judging.step()
        return {"judged": float(loss.detach())}

    def state(self) -> dict[str, object]:
        parts = ("generator", "average", "making", "judging")
        state: dict[str, object] = {name: getattr(self, name).state_dict() for name in parts}
        state["discriminator"] = {
            name: value for name, value in self.discriminator.state_dict().items() if not name.startswith("features.")
        }
        counts = {"pictures": len(self.latents), "seen": self.seen, "steps": self.steps}
        return state | counts | {"anchors": self.anchors.detach()}

    def restore(self, state: dict[str, object]) -> None:
        """Raises ValueError where the checkpoint is of other pictures."""
        if state["pictures"] != len(self.latents):
            raise ValueError(f"the checkpoint is of {state['pictures']} pictures, not of {len(self.latents)}")
        for name in ("generator", "average", "making", "judging"):
            getattr(self, name).load_state_dict(state[name])
        missing, others = self.discriminator.load_state_dict(state["discriminator"], strict=False)  # type: ignore[arg-type]
        if others or any(not name.startswith("features.") for name in missing):
            raise ValueError("the checkpoint is of another version's discriminator")
        with torch.no_grad():
            self.anchors.copy_(state["anchors"])
        self.seen, self.steps = int(state["seen"]), int(state["steps"])  # type: ignore[call-overload]
        self.random.manual_seed(self.settings.seed + self.steps)

    def sheet(self, path: Path) -> None:
        """Eight pictures; the same as they were learnt at first; 24 from anywhere."""
        generator = torch.Generator().manual_seed(1)
        chosen = torch.linspace(0, len(self.latents) - 1, 8).long()
        with torch.no_grad():
            fresh = between(self.anchors, 24, generator) if self.moving else torch.randn(24, Z, generator=generator)
            z = torch.cat([self.anchors[chosen], fresh])
            pictures = decode_plain(torch.cat([self.latents[chosen], self.average(z, generator)])).clamp(0, 1)
        pictures = functional.interpolate(pictures, scale_factor=2, mode="bilinear").mul(255).byte()
        rows = pictures.view(5, 8, 3, 128, 128).permute(0, 3, 1, 4, 2).reshape(640, 1024, 3)
        Image.fromarray(rows.numpy()).save(path)


def _mean(values: list[Tensor]) -> Tensor:
    return torch.stack(values).mean()


def _spread(latents: Tensor, moving: bool) -> Tensor:
    """A first z for each picture: alike where they look alike, by their principal components, which are whitened."""
    flat = functional.avg_pool2d(latents, 2).flatten(1) - functional.avg_pool2d(latents, 2).flatten(1).mean(0)
    _, vectors = torch.linalg.eigh(flat @ flat.T)
    parts = vectors.flip(1)[:, : Z // 2]
    z = torch.zeros(len(latents), Z)
    z[:, : parts.shape[1]] = parts * len(latents) ** 0.5
    rest = torch.randn(len(latents), Z - parts.shape[1], generator=torch.Generator().manual_seed(0))
    if moving:  # neighbours in time stay neighbours
        rest = functional.avg_pool1d(rest.T[None], 9, 1, 4, count_include_pad=False)[0].T * 3
    z[:, parts.shape[1] :] = rest
    return unit(z)


Tell = Callable[[float, Mapping[str, float]], None]


def train(
    latents: Tensor, moving: bool, out: Path, settings: Settings, *, resume: bool = False, tell: Tell = lambda *_: None
) -> Training:
    """Learn until done or interrupted; ``out`` then holds what the painter reads, checkpoint.pt, sheet.png, log.jsonl.

    ``tell(progress, figures)`` is told how far it is, 0 to 1.
    Raises ValueError where ``out`` holds a checkpoint and ``resume`` is not wanted, or one of other pictures.
    """
    from .graph import write

    out.mkdir(parents=True, exist_ok=True)
    training, checkpoint = Training(latents, moving, settings), out / "checkpoint.pt"
    if checkpoint.exists():
        if not resume:
            raise ValueError(f"{out} holds a training already: add --resume to go on with it")
        training.restore(torch.load(checkpoint, weights_only=True))

    def save() -> None:
        torch.save(training.state(), checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").replace(checkpoint)
        training.sheet(out / "sheet.png")
        write(training.average, training.anchors.detach(), moving, out)

    began = saved_at = time.monotonic()
    start = training.seen
    try:
        while training.seen < settings.samples:
            told = training.step()
            if training.steps % 50 == 0:
                pace = (training.seen - start) / (time.monotonic() - began)
                told = {name: round(value, 4) for name, value in told.items()}
                with (out / "log.jsonl").open("a") as log:
                    log.write(json.dumps({"seen": training.seen, **told}) + "\n")
                tell(training.seen / settings.samples, {"seen": training.seen, **told})
                print(f"{training.seen} of {settings.samples}, {pace:.0f} a second, {told}", flush=True)
            if time.monotonic() - saved_at > CHECKPOINT_EVERY_S:
                save()
                saved_at = time.monotonic()
    except KeyboardInterrupt:
        print("stopped; --resume goes on from here", flush=True)
    save()
    return training
