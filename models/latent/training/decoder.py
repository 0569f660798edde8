"""The decoder, and its training: ``python -m models.latent.training.decoder --data DATA --vgg vgg16.npz --out DIR``.

From latents [B, 24, h, w] to pictures sixteen times as large. What the linear way back gives at a quarter of the size
is enlarged, and a slim network adds what that lacks: L1, and the distance in VGG16's first features, which wants edges
where the mean would be soft. It learns on pieces of 128×128, partly from latents with a little noise, since it is to
decode painted ones. DATA is what ``sources`` made. DIR receives a checkpoint every two minutes, from which the same
command goes on, and a sheet: pictures, what is left without the decoder, and with it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS

from .coding import decode_plain, encode

PIECE, SEEN = 128, 64
"""Pixels of the sides of a piece, and of the middle of it that VGG16 sees."""
NOISE = 0.15
CHECKPOINT_EVERY_S = 120.0


class Decoder(nn.Module):
    """Latents [B, 24, h, w] to pictures [B, 3, 16h, 16w], about 0..1."""

    def __init__(self, coarse: int = 80, middle: int = 56, fine: int = 40) -> None:
        super().__init__()
        self.start = nn.Conv2d(CHANNELS, coarse, 3, padding=1)
        self.first = nn.Conv2d(coarse, coarse, 3, padding=1)
        self.up = nn.Conv2d(coarse, middle * 4, 1)
        self.second = nn.ModuleList(nn.Conv2d(middle, middle, 3, padding=1) for _ in range(4))
        self.up_again = nn.Conv2d(middle, fine * 4, 1)
        self.mix = nn.Conv2d(3, fine, 3, padding=1)
        self.third = nn.ModuleList(nn.Conv2d(fine, fine, 3, padding=1) for _ in range(2))
        self.out = nn.Conv2d(fine, 48, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, latents: Tensor) -> Tensor:
        plain = decode_plain(latents)
        x = self.start(latents.contiguous(memory_format=torch.channels_last))
        x = x + self.first(functional.silu(x))
        x = functional.pixel_shuffle(self.up(functional.silu(x)), 2)
        for one, other in (self.second[:2], self.second[2:]):
            x = x + other(functional.silu(one(functional.silu(x))))
        x = functional.pixel_shuffle(self.up_again(functional.silu(x)), 2) + self.mix(plain)
        x = x + self.third[1](functional.silu(self.third[0](functional.silu(x))))
        added = functional.pixel_shuffle(self.out(functional.silu(x)), 4)
        return functional.interpolate(plain, scale_factor=4, mode="bilinear", align_corners=False) + added


class Pieces:
    """Pieces of pictures [B, 3, PIECE, PIECE]: photographs, and emoji of many sizes on gradients and photographs."""

    def __init__(self, data: Path) -> None:
        self.pixels = np.load(data / "pictures.npy", mmap_mode="r")
        kinds = [row["kind"] for row in json.loads((data / "pictures.json").read_text())]
        self.emoji = [i for i, kind in enumerate(kinds) if kind in ("emoji", "flag")]
        self.scenes = [i for i, kind in enumerate(kinds) if kind in ("land", "nebula")]

    def batch(self, size: int, random: np.random.Generator) -> Tensor:
        return torch.stack(
            [self._emoji(random) if random.random() < 0.55 else self._scene(random) for _ in range(size)]
        )

    def _scene(self, random: np.random.Generator) -> Tensor:
        y, x = random.integers(0, 256 - PIECE + 1, 2)
        piece = torch.from_numpy(self.pixels[random.choice(self.scenes), y : y + PIECE, x : x + PIECE, :3].copy())
        piece = piece.permute(2, 0, 1).float() / 255
        return piece.flip(2) if random.random() < 0.5 else piece

    def _emoji(self, random: np.random.Generator) -> Tensor:
        layer = torch.from_numpy(self.pixels[random.choice(self.emoji)].copy()).permute(2, 0, 1).float() / 255
        layer[:3] *= layer[3:]
        scale = PIECE / 256 / random.uniform(0.65, 1.1)
        away = random.uniform(-0.55, 0.55, 2)
        matrix = torch.tensor([[[scale, 0, away[0]], [0, scale, away[1]]]], dtype=torch.float32)
        grid = functional.affine_grid(matrix, [1, 4, PIECE, PIECE], align_corners=False)
        layer = functional.grid_sample(layer[None], grid, align_corners=False)[0]
        if random.random() < 0.4:
            behind = self._scene(random)
        else:
            top, bottom = torch.from_numpy(random.random((2, 3, 1, 1), dtype=np.float32))
            behind = top + (bottom - top) * torch.linspace(0, 1, PIECE).view(1, PIECE, 1)
        return layer[:3] + (1 - layer[3:]) * behind


def shrunk(pictures: Tensor) -> Tensor:
    """Latents of pictures [B, 3, H, W]."""
    return encode(functional.avg_pool2d(pictures, 4))


def sheet(decoder: Decoder, pieces: Pieces, path: Path) -> None:
    """Pictures, the same without the decoder, and with it."""
    pictures = pieces.batch(10, np.random.default_rng(5))
    with torch.no_grad():
        latents = shrunk(pictures)
        plain = functional.interpolate(decode_plain(latents), scale_factor=4, mode="bilinear")
        rows = torch.stack([pictures, plain, decoder(latents)]).clamp(0, 1).mul(255).byte()
    height, width = 3 * PIECE, 10 * PIECE
    Image.fromarray(rows.permute(0, 3, 1, 4, 2).reshape(height, width, 3).numpy()).save(path)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument(
        "--vgg", type=Path, help="vgg16.npz, see models.texture_ca.training.vgg16; without it, L1 alone"
    )
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--plain", type=int, default=6_000, help="how many of them with L1 alone, at the beginning")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    args = parser.parse_args(argv)
    from models.texture_ca.training.perceptual import Vgg

    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    pieces, vgg = Pieces(args.data), Vgg(args.vgg, "2_2") if args.vgg else None
    decoder = Decoder().to(memory_format=torch.channels_last)
    average = Decoder()
    average.load_state_dict(decoder.state_dict())
    print("parameters", sum(p.numel() for p in decoder.parameters()), flush=True)
    optimiser = torch.optim.AdamW(decoder.parameters(), betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    checkpoint, seen = args.out / "decoder.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        decoder.load_state_dict(saved["decoder"])
        average.load_state_dict(saved["average"])
        optimiser.load_state_dict(saved["optimiser"])
        seen = saved["seen"]
    random = np.random.default_rng(seen)

    def save() -> None:
        state = {"decoder": decoder.state_dict(), "average": average.state_dict(), "optimiser": optimiser.state_dict()}
        torch.save(state | {"seen": seen}, checkpoint.with_suffix(".part"))
        checkpoint.with_suffix(".part").replace(checkpoint)
        sheet(average, pieces, args.out / "decoder.png")

    began = saved_at = time.monotonic()
    start, losses = seen, []
    while seen < args.samples:
        share = seen / args.samples
        for group in optimiser.param_groups:
            group["lr"] = args.rate * min(1, (seen + 8) / 400) * (0.02 + 0.49 * (1 + math.cos(math.pi * share)))
        pictures = pieces.batch(args.batch, random)
        latents = shrunk(pictures)
        noise = torch.from_numpy(random.uniform(-NOISE, NOISE, (args.batch, 1, 1, 1)).clip(0).astype(np.float32))
        with torch.autocast("cpu", torch.bfloat16):
            decoded = decoder(latents + noise * torch.randn_like(latents))
        decoded = decoded.float()
        loss = near = (decoded - pictures).abs().mean()
        if vgg is not None and seen >= args.plain:
            edge = (PIECE - SEEN) // 2
            middle = slice(edge, edge + SEEN)
            both = torch.cat([decoded[:, :, middle, middle], pictures[:, :, middle, middle]])
            with torch.autocast("cpu", torch.bfloat16):
                features = vgg(both, ("1_2", "2_2"))
            for values in features.values():
                own, wanted = values.float().chunk(2)
                loss = loss + 0.06 * (own - wanted.detach()).abs().mean() / (wanted.detach().abs().mean() + 1e-3)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
        optimiser.step()
        seen += args.batch
        with torch.no_grad():
            for mean, new in zip(average.parameters(), decoder.parameters(), strict=True):
                mean.lerp_(new, max(0.004, 1 / (1 + (seen - start) / args.batch / 4)))
        losses.append(float(near.detach()))
        if len(losses) == 50:
            rate = (seen - start) / (time.monotonic() - began)
            print(f"{seen} L1 {sum(losses) / 50:.4f} {rate:.1f}/s", flush=True)
            losses.clear()
        if time.monotonic() - saved_at > CHECKPOINT_EVERY_S:
            save()
            saved_at = time.monotonic()
    save()
    print("done", flush=True)


if __name__ == "__main__":
    main()
