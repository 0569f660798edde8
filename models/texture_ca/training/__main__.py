"""Train one texture automaton: ``python -m models.texture_ca.training --target coral --out DIR --vgg vgg16.npz``.

``--target`` is one of the pictures in ``targets.py`` or an image file. Every five minutes DIR receives a checkpoint
and the weights so far, and now and then a sheet of what the automaton grows; ``--resume`` goes on from the checkpoint.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from .automaton import Automaton, seed_state, to_rgb
from .loss import TextureLoss
from .targets import SIZE, TARGETS, draw

POOL, BATCH, PATCH = 96, 4, 64
STEPS, EARLY = (16, 32), 200  # early on every second state is fresh
FLOW = 0.4  # cells a step: every second time it learns to keep its looks in a current
OVERFLOW = 30.0  # the price of numbers beyond ±1
CHECKPOINT_EVERY_S = 300.0


def load_target(name: str) -> Tensor:
    """[1, 3, 256, 256] in 0–1."""
    if name in TARGETS:
        picture = draw(name)
    else:
        with Image.open(name) as image:
            picture = np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS), np.float32) / 255
    return torch.from_numpy(picture).permute(2, 0, 1)[None].contiguous()


def disturb(states: Tensor, generator: torch.Generator) -> Tensor:
    """States with one or two discs each replaced by noise, grey, light or dark, so that healing is learnt."""
    size = states.shape[-1]
    axis = torch.arange(size)
    states = states.clone()
    for state in states:
        for _ in range(int(torch.randint(1, 3, (1,), generator=generator))):
            y, x, radius = (torch.rand(3, generator=generator) * torch.tensor([size, size, size / 4])).tolist()
            dy = (axis - y + size / 2) % size - size / 2
            dx = (axis - x + size / 2) % size - size / 2
            inside = dy[:, None] ** 2 + dx[None] ** 2 < (radius + 4) ** 2
            fill = seed_state(1, size, generator)[0]
            if torch.rand(1, generator=generator) < 0.5:
                fill[:3] += torch.rand(1, generator=generator) * 0.9 - 0.45
            state[:, inside] = fill[:, inside]
    return states


def sample_sheet(automaton: Automaton, target: Tensor, path: Path) -> None:
    """Target | the same seed after 32, 96, 200 and 400 steps, written as PNG."""
    generator = torch.Generator().manual_seed(5)
    state = seed_state(1, 128, generator)
    pictures = [target[0, :, :128, :128]]
    with torch.no_grad():
        for steps in (32, 64, 104, 200):
            state = automaton(state, steps)
            pictures.append(to_rgb(state)[0].clamp(0, 1))
    sheet = torch.cat(pictures, 2).permute(1, 2, 0).nan_to_num().mul(255).byte().numpy()
    Image.fromarray(sheet).save(path)


def begin_with(automaton: Automaton, path: Path) -> None:
    """Take over what another texture has learnt, from its checkpoint or its weights.

    Its hidden numbers then mean the same, so that one texture grows out of the other.
    """
    if path.suffix == ".safetensors":
        learnt = load_file(path)
        for name, parameter in automaton.named_parameters():
            parameter.data.copy_(learnt[name])
    else:
        automaton.load_state_dict(torch.load(path, weights_only=True)["automaton"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", required=True, help=f"{', '.join(TARGETS)} or an image file")
    parser.add_argument("--out", required=True, type=Path, help="folder for checkpoints, sheets and weights")
    parser.add_argument("--vgg", required=True, type=Path, help="vgg16.npz, see vgg16.py")
    parser.add_argument("--iterations", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's, at its highest")
    parser.add_argument("--start", type=Path, help="another texture's checkpoint or weights to start from")
    parser.add_argument("--resume", action="store_true", help="go on from DIR's checkpoint")
    args = parser.parse_args()

    torch.set_num_threads(args.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(0)
    args.out.mkdir(parents=True, exist_ok=True)
    generator = torch.Generator().manual_seed(1)
    target = load_target(args.target)
    loss_of = TextureLoss(args.vgg, target, generator)
    automaton = Automaton()
    optimiser = torch.optim.Adam(automaton.parameters(), lr=args.rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda i: min(1.0, (i + 10) / 30) * (0.55 + 0.45 * math.cos(math.pi * i / args.iterations))
    )
    pool = seed_state(POOL, PATCH, generator)
    done, seconds = 0, 0.0
    checkpoint = args.out / "checkpoint.pt"
    if args.start:
        begin_with(automaton, args.start)
    if args.resume and checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        automaton.load_state_dict(saved["automaton"])
        optimiser.load_state_dict(saved["optimiser"])
        schedule.load_state_dict(saved["schedule"])
        pool, done, seconds = saved["pool"][:POOL], saved["done"], saved["seconds"]
        generator.set_state(saved["generator"])

    def save() -> None:
        state = {
            "automaton": automaton.state_dict(), "optimiser": optimiser.state_dict(),
            "schedule": schedule.state_dict(), "pool": pool, "done": done,
            "seconds": seconds + time.process_time() - began, "generator": generator.get_state(),
        }  # fmt: skip
        partial = checkpoint.with_suffix(".part")
        torch.save(state, partial)
        partial.replace(checkpoint)
        weights = {name: value.detach().half() for name, value in automaton.named_parameters()}
        save_file(weights, args.out / "weights.safetensors", {"target": args.target, "iterations": str(done)})

    began, last_saved, running = time.process_time(), time.monotonic(), 0.0
    while done < args.iterations:
        chosen = torch.randperm(POOL, generator=generator)[:BATCH]
        states = pool[chosen]
        early = done < EARLY and not args.start
        wild = states.abs().amax((1, 2, 3)) > 3  # run away: it would only drown the others' gradient
        for index in range(BATCH):
            if (index < 2 and early) or (index == 0 and done % 3 == 0) or wild[index]:
                states[index] = seed_state(1, PATCH, generator)[0]
        states[-1:] = disturb(states[-1:], generator)
        steps = int(torch.randint(*STEPS, (1,), generator=generator))
        flow = (torch.rand(BATCH, 2, generator=generator) * 2 - 1) * FLOW
        after = automaton(states, steps, flow if done % 2 else None)
        overflow = (after - after.clamp(-1, 1)).abs().mean((1, 2, 3))
        # The logarithm, so that one state gone astray does not outweigh the others.
        loss = (loss_of(to_rgb(after)) + OVERFLOW * overflow).log().mean()
        optimiser.zero_grad()
        loss.backward()
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss must stay finite, it was {loss.item()} at iteration {done}")
        for parameter in automaton.parameters():  # as in the paper: only the gradient's direction
            parameter.grad.div_(parameter.grad.norm() + 1e-8)
        optimiser.step()
        schedule.step()
        pool[chosen] = after.detach()
        done += 1
        running = loss.item() if running == 0 else 0.95 * running + 0.05 * loss.item()
        if done % 20 == 0 or done == 3:
            used = (seconds + time.process_time() - began) / 60
            rate = optimiser.param_groups[0]["lr"]
            print(f"{done}/{args.iterations} log loss {running:.3f} rate {rate:.1e} {used:.1f} core-min", flush=True)
        if done % 200 == 0:
            sample_sheet(automaton, target, args.out / f"sheet_{done:05d}.png")
        if time.monotonic() - last_saved > CHECKPOINT_EVERY_S:
            save()
            last_saved = time.monotonic()
    save()
    sample_sheet(automaton, target, args.out / "sheet_final.png")


if __name__ == "__main__":
    main()
