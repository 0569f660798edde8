"""Train it: ``python -m models.text_to_image.training --data DATA --out DIR --stage recall``, then ``--stage paint``.

DATA is what ``models.latent.training.sources`` made. DIR receives a checkpoint every two minutes, from which the same
command goes on, and a sheet of what the model paints then. ``--samples`` is how many pictures it shall see in all.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from models.latent.space import CHANNELS, SPREAD
from models.latent.training.coding import decode_plain, encode

from . import components
from .captions import STYLE, Captions, Drawn, Pictures, composed, gradients
from .network import TextToImage, sketched

CHECKPOINT_EVERY_S = 120.0
AVERAGE = 0.998
PROMPTS = (
    "octopus", "red heart", "rocket", "grinning face", "cat face", "pizza", "hot air balloon", "sunflower",
    "octopus in red nebula", "butterfly on orange", "guitar in the mountains", "whale at the sea",
    "mountain snow", "sunset beach", "red nebula", "blue galaxy", "forest", "city night", "desert dune", "kittens",
    "automobile", "flag of Japan", "ghost in a dark forest", "strawberry on white",
)  # fmt: skip

_coarse = torch.from_numpy(SPREAD).sqrt()
WEIGHTS = (_coarse / _coarse.mean()).view(1, CHANNELS, 1, 1)


def distance(painted: Tensor, wanted: Tensor) -> Tensor:
    """Mean absolute difference, the coarse channels counting more."""
    return ((painted.float() - wanted).square() + 1e-4).sqrt().mul(WEIGHTS).mean()


def seams(painted: Tensor, wanted: Tensor) -> Tensor:
    """What pictures [B, 3, h, w] and the steps between their points differ by, so that the cells do not show."""
    off = painted - wanted
    return 4 * off.abs().mean() + 4 * (off.diff(dim=2).abs().mean() + off.diff(dim=3).abs().mean())


def shifts(count: int, generator: torch.Generator) -> Tensor:
    """Matrices [count, 2, 3] that place emoji: half of them as they are, the others moved, turned and scaled."""
    size = 1 + 0.5 * (torch.rand(count, generator=generator) - 0.4)
    angle = 0.5 * (torch.rand(count, generator=generator) - 0.5)
    away = 0.5 * (torch.rand(count, 2, generator=generator) - 0.5)
    cosine, sine = angle.cos() / size, angle.sin() / size
    moved = torch.stack([cosine, -sine, away[:, 0], sine, cosine, away[:, 1]], 1).view(count, 2, 3)
    still = torch.eye(2, 3).expand(count, 2, 3)
    return torch.where((torch.arange(count) % 2 == 0)[:, None, None], still, moved)


def sheet(model: TextToImage, captions: Captions, path: Path, stage: str) -> None:
    """What the prompts look like in one step, at 96 pixels each, two styles of each."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        said = [captions.vocabulary.read(text) for text in PROMPTS for _ in range(2)]
        styles = torch.randn(len(said), STYLE, generator=generator)
        emoji, behind = model.layers([a for a, _ in said], [b for _, b in said], styles)
        latents, opacity = sketched(emoji, behind)
        if stage == "paint":
            noise = torch.randn(latents.shape, generator=generator)
            latents = model.paint(noise, torch.ones(len(said)), latents, opacity)
        pictures = decode_plain(latents).clamp(0, 1)
    pictures = functional.interpolate(pictures, scale_factor=1.5, mode="bilinear").mul(255).byte()
    rows = pictures.view(4, 12, *pictures.shape[1:]).permute(0, 3, 1, 4, 2).reshape(4 * 96, 12 * 96, 3)
    Image.fromarray(rows.numpy()).save(path)


class Recalling:
    """The first stage: words and style to the slots of the pictures they mean, and to plain gradients."""

    def __init__(self, model: TextToImage, pictures: Pictures) -> None:
        self.model = model
        self.scenes = components.remember(model, pictures)
        self.parts = [model.said, model.recall]
        self._object_slot = {picture: slot for slot, picture in enumerate([*pictures.objects, *pictures.flags, -1])}
        self._scene_slot = {picture: slot for slot, picture in enumerate([*pictures.scenes, -1])}

    def loss(self, drawn: Drawn) -> Tensor:
        subject, setting = self.model.said(drawn.subjects), self.model.said(drawn.settings)
        words, recall = torch.cat([subject, setting], 1), self.model.recall
        objects = torch.tensor([self._object_slot[picture] for picture in drawn.objects])
        scenes = torch.tensor([self._scene_slot[picture] for picture in drawn.scenes])
        with torch.autocast("cpu", torch.bfloat16):
            of_objects, of_scenes = recall.objects(words, drawn.styles), recall.scenes(words, drawn.styles)
            plain = recall.plain(torch.cat([setting, drawn.styles], 1))
        loss = functional.cross_entropy(of_objects.float(), objects) + functional.cross_entropy(
            of_scenes.float(), scenes
        )
        free = scenes == len(self._scene_slot) - 1
        wanted = self.scenes.coefficients(encode(gradients(drawn.plain[free])).flatten(1))
        return loss + 3 * functional.mse_loss(plain.float()[free], wanted)


class Painting:
    """The second stage: sketches and noise to pictures; half of the time from noise alone, as in use."""

    def __init__(self, model: TextToImage, pictures: Pictures) -> None:
        self.model, self.pictures = model, pictures
        self.parts = [model.paint]
        self.generator = torch.Generator().manual_seed(0)

    def loss(self, drawn: Drawn) -> Tensor:
        count = len(drawn.subjects)
        placing = shifts(count, self.generator)
        with torch.no_grad():
            emoji, behind = self.model.layers(drawn.subjects, drawn.settings, drawn.styles)
            latent, opacity = sketched(emoji, behind, placing)
            wanted = encode(composed(self.pictures, drawn, placing))
        share = torch.rand(count, generator=self.generator)
        share[torch.rand(count, generator=self.generator) < 0.5] = 1.0
        level = share[:, None, None, None]
        noise = torch.randn(wanted.shape, generator=self.generator)
        with torch.autocast("cpu", torch.bfloat16):
            painted = self.model.paint((1 - level) * wanted + level * noise, share, latent, opacity)
        return distance(painted, wanted) + seams(decode_plain(painted.float()), decode_plain(wanted))


STAGES = {"recall": Recalling, "paint": Painting}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--stage", choices=tuple(STAGES), default="recall")
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    args = parser.parse_args(argv)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    args.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    pictures = Pictures(args.data)
    vocabulary = pictures.vocabulary()
    sizes = len(vocabulary), len(pictures.objects) + len(pictures.flags), len(pictures.scenes)
    model, average = TextToImage(*sizes), TextToImage(*sizes)
    model.paint.to(memory_format=torch.channels_last)
    checkpoint, earlier = args.out / f"{args.stage}.pt", args.out / "recall.pt"
    stage = STAGES[args.stage](model, pictures)
    trained = [p for part in stage.parts for p in part.parameters()]
    optimiser = torch.optim.AdamW(trained, lr=args.rate, betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    seen = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        if "optimiser" in saved:
            optimiser.load_state_dict(saved["optimiser"])
        seen = saved["seen"]
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
    elif args.stage == "paint":
        model.load_state_dict(torch.load(earlier, weights_only=True)["average"])
        average.load_state_dict(model.state_dict())
    else:
        average.load_state_dict(model.state_dict())
    captions = Captions(pictures, vocabulary, seed=seen)

    def save() -> None:
        state = {"model": model.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save(state | {"seen": seen}, checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").replace(checkpoint)
        sheet(average, captions, args.out / f"{args.stage}.png", args.stage)

    began = saved_at = time.monotonic()
    start, losses = seen, []
    while seen < args.samples:
        share = seen / args.samples
        rate = min(1.0, (seen + args.batch) / (60 * args.batch)) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimiser.param_groups:
            group["lr"] = args.rate * rate
        loss = stage.loss(captions.draw(args.batch))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        seen += args.batch
        keep = min(AVERAGE, 1 - 1 / (1 + (seen - start) / args.batch / 4))
        with torch.no_grad():
            for mean, new in zip(average.parameters(), model.parameters(), strict=True):
                mean.lerp_(new, 1 - keep)
        losses.append(float(loss.detach()))
        if len(losses) == 50:
            print(f"{seen} loss {sum(losses) / 50:.4f} {(seen - start) / (time.monotonic() - began):.0f}/s", flush=True)
            losses.clear()
        if time.monotonic() - saved_at > CHECKPOINT_EVERY_S:
            save()
            saved_at = time.monotonic()
    save()
    print("done", flush=True)


if __name__ == "__main__":
    main()
