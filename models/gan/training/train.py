"""How the GAN learns: first each picture under a z of its own, then from the discriminator what lies between.

The first part is generative latent optimisation (Bojanowski et al. 2018): a z for each picture, learnt with the
generator, gives recognisable pictures within minutes. The second goes on with it at a smaller weight, which keeps every
picture, beside a discriminator (logistic loss, lazy R1) that sees real and generated latents through the same random
shifts, mirrors, changes of light and holes (differentiable augmentation, Zhao et al. 2020), so that a few hundred
pictures do. A generated z is drawn between the learnt ones. Of footage, the z of the frames in order are its walk.
"""

from __future__ import annotations

import json
import math
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

from .network import Discriminator, Generator, Z, unit

CHECKPOINT_EVERY_S = 120.0
R1_EVERY, R1 = 16, 0.3
KEEP = 1.0
"""What keeping the pictures weighs beside the discriminator."""
AVERAGE = 0.995

_coarse = torch.from_numpy(SPREAD).sqrt()
WEIGHTS = (_coarse / _coarse.mean()).view(1, CHANNELS, 1, 1)


@dataclass(frozen=True)
class Settings:
    """How long, and of how many at once: samples of the first part, and of both together."""

    first: int = 30_000
    samples: int = 80_000
    batch: int = 16
    rate: float = 2e-3
    seed: int = 1
    widths: tuple[int, ...] | None = None


def between(anchors: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """z [count, Z] between learnt ones: each of three drawn at random, in random shares."""
    shares = torch.rand(count, 3, 1, generator=generator).pow(3)
    chosen = anchors[torch.randint(len(anchors), (count, 3), generator=generator)]
    return unit((chosen * shares / shares.sum(1, keepdim=True)).sum(1))


def augmented(latents: Tensor, generator: torch.Generator) -> Tensor:
    """Each latent moved by up to two cells, lighter or darker, more or less colourful, and with a hole."""
    count = len(latents)
    light = 0.4 * torch.randn(count, 1, 1, 1, generator=generator)
    colour = 1 + 0.5 * (torch.rand(count, 1, 1, 1, generator=generator) - 0.5)
    plain = torch.zeros(1, CHANNELS, 1, 1)
    plain[:, 0] = 1
    scale = torch.cat([torch.ones(count, 16, 1, 1), colour.expand(-1, 8, -1, -1)], 1)
    x = latents * scale + light * plain
    padded = functional.pad(x, (2, 2, 2, 2), mode="reflect")
    moves = torch.randint(0, 5, (count, 2), generator=generator).tolist()
    x = torch.stack([p[:, a : a + 16, b : b + 16] for p, (a, b) in zip(padded, moves, strict=True)])
    hole = torch.ones(count, 1, 16, 16)
    for one, (a, b) in zip(hole, torch.randint(-3, 14, (count, 2), generator=generator).tolist(), strict=True):
        one[:, max(0, a) : a + 6, max(0, b) : b + 6] = 0
    return x * hole


def mirrored(latents: Tensor) -> Tensor:
    """Latents as of the pictures mirrored: columns in reverse, and the odd frequencies across with them."""
    sign = torch.tensor([1.0, -1.0, 1.0, -1.0] * 4 + [1.0, -1.0] * 4).view(1, CHANNELS, 1, 1)
    return latents.flip(3) * sign


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
        self.generator, self.average = Generator(**widths), Generator(**widths)
        self.average.load_state_dict(self.generator.state_dict())
        self.discriminator = Discriminator()
        self.anchors = nn.Parameter(_spread(latents, moving))
        fast = [{"params": [self.anchors], "lr": 5 * settings.rate}, {"params": list(self.generator.parameters())}]
        self.making = torch.optim.Adam(fast, lr=settings.rate, betas=(0.5, 0.98), foreach=True)
        self.judging = torch.optim.Adam(
            self.discriminator.parameters(), lr=settings.rate, betas=(0.0, 0.98), foreach=True
        )
        self.random = torch.Generator().manual_seed(settings.seed)
        self.seen, self.steps = 0, 0

    def step(self) -> dict[str, float]:
        """Learn from one batch; what was lost."""
        settings = self.settings
        adversarial = self.seen >= settings.first
        progress = self.seen / settings.samples
        rate = settings.rate * min(1, (self.steps + 1) / 50) * (0.1 + 0.45 * (1 + math.cos(math.pi * progress)))
        self.making.param_groups[0]["lr"], self.making.param_groups[1]["lr"] = 5 * rate, rate
        self.judging.param_groups[0]["lr"] = rate
        told = self._judge() if adversarial else {}
        chosen = torch.randint(len(self.latents), (settings.batch,), generator=self.random)
        with torch.autocast("cpu", torch.bfloat16):
            made = self.generator(self.anchors[chosen], self.random)
        off = made.float() - self.latents[chosen]
        kept = off.abs().mul(WEIGHTS).mean() + seams(off)
        loss = kept
        if adversarial:
            with torch.autocast("cpu", torch.bfloat16):
                fresh = self.generator(between(self.anchors.detach(), settings.batch, self.random), self.random)
                verdict = self.discriminator(augmented(fresh, self.random))
            fooled = functional.softplus(-verdict.float()).mean()
            loss = KEEP * kept + 0.05 * fooled
            told["fooled"] = float(fooled.detach())
        self.making.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 2.0)
        self.making.step()
        self.seen += settings.batch
        self.steps += 1
        with torch.no_grad():
            keep = min(AVERAGE, 1 - 1 / (1 + self.steps / 4))
            for mean, new in zip(self.average.parameters(), self.generator.parameters(), strict=True):
                mean.lerp_(new, 1 - keep)
        return told | {"kept": float(kept.detach())}

    def _judge(self) -> dict[str, float]:
        """The discriminator's step: real latents, mirrored or not, beside generated ones."""
        count = self.settings.batch
        real = self.latents[torch.randint(len(self.latents), (count,), generator=self.random)]
        if not self.moving:
            flip = torch.rand(count, 1, 1, 1, generator=self.random) < 0.5
            real = torch.where(flip, mirrored(real), real)
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            fake = self.generator(between(self.anchors, count, self.random), self.random)
        with torch.autocast("cpu", torch.bfloat16):
            of_real = self.discriminator(augmented(real, self.random))
            of_fake = self.discriminator(augmented(fake.float(), self.random))
        loss = functional.softplus(-of_real.float()).mean() + functional.softplus(of_fake.float()).mean()
        if self.steps % R1_EVERY == 0:
            real = augmented(real, self.random).requires_grad_()
            (slope,) = torch.autograd.grad(self.discriminator(real).sum(), real, create_graph=True)
            loss = loss + 0.5 * R1 * R1_EVERY * slope.square().sum((1, 2, 3)).mean()
        self.judging.zero_grad(set_to_none=True)
        loss.backward()
        self.judging.step()
        return {"judged": float(loss.detach())}

    def state(self) -> dict[str, object]:
        parts = ("generator", "average", "discriminator", "making", "judging")
        state: dict[str, object] = {name: getattr(self, name).state_dict() for name in parts}
        return state | {"anchors": self.anchors.detach(), "seen": self.seen, "steps": self.steps}

    def restore(self, state: dict[str, object]) -> None:
        """Raises ValueError where the checkpoint is of other pictures."""
        if state["anchors"].shape != self.anchors.shape:  # type: ignore[attr-defined]
            raise ValueError(f"the checkpoint is of {len(state['anchors'])} pictures, not of {len(self.anchors)}")  # type: ignore[arg-type]
        for name in ("generator", "average", "discriminator", "making", "judging"):
            getattr(self, name).load_state_dict(state[name])
        with torch.no_grad():
            self.anchors.copy_(state["anchors"])
        self.seen, self.steps = int(state["seen"]), int(state["steps"])  # type: ignore[call-overload]
        self.random.manual_seed(self.settings.seed + self.steps)

    def sheet(self, path: Path) -> None:
        """Eight pictures as they are, the same as they were learnt, and 24 from between."""
        generator = torch.Generator().manual_seed(1)
        chosen = torch.linspace(0, len(self.latents) - 1, 8).long()
        with torch.no_grad():
            z = torch.cat([self.anchors[chosen], between(self.anchors, 24, generator)])
            pictures = decode_plain(torch.cat([self.latents[chosen], self.average(z, generator)])).clamp(0, 1)
        pictures = functional.interpolate(pictures, scale_factor=2, mode="bilinear").mul(255).byte()
        rows = pictures.view(5, 8, 3, 128, 128).permute(0, 3, 1, 4, 2).reshape(640, 1024, 3)
        Image.fromarray(rows.numpy()).save(path)


def _spread(latents: Tensor, moving: bool) -> Tensor:
    """A first z for each picture: alike where they look alike, by their principal components."""
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
