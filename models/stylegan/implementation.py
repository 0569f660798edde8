"""Walks through a StyleGAN of one's own; torch, in the worker alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models import pad
from models.contract import Moment, Value
from models.latent import walk
from models.latent.colours import turned
from models.stylegan.bending import bent
from models.stylegan.checkpoint import load
from models.stylegan.generator import Generator
from models.stylegan.stylegan2 import Bend

POINTS = 8
"""Pictures of a seed that a walk goes round."""
MOST_SAVED = 64
LIGHT = 0.8
KINDS = (".pkl", ".safetensors")


class StyleganPainter:
    """Paints ``width`` × ``height`` pixels with the generator in the file ``checkpoint``, on the best device there is.

    The generator's square is cut to the frame's shape about its middle. The same moments, parameters and actions give
    the same frames on one machine. Raises OSError or ValueError with the reason where the file cannot be loaded.
    """

    def __init__(self, width: int, height: int, checkpoint: str = "") -> None:
        if not checkpoint:
            raise ValueError("checkpoint must name a .pkl of StyleGAN2-ADA or StyleGAN3, or a .safetensors, got ''")
        if checkpoint.startswith(("\\\\", "//")):
            raise ValueError(
                f"checkpoint must be on this machine, got {checkpoint!r}: asking for it would sign in there"
            )
        place = Path(checkpoint).expanduser()
        if place.suffix.lower() not in KINDS:
            raise ValueError(f"checkpoint must be a {' or '.join(KINDS)} file, got {checkpoint!r}")
        if not place.is_file():
            raise FileNotFoundError(f"checkpoint must be there, got {checkpoint!r}")
        self._width, self._height = width, height
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        torch.set_num_threads(1)  # until it is told that more of them are quicker
        try:
            self._network = Generator(load(place)).to(self._device)
        except ValueError as error:
            told = str(error)
            raise ValueError(told if told.startswith(str(place)) else f"{place} is refused: {told}") from error
        self._network.synthesis.quick = self._device == "cuda" and self._network.config.conv_clamp is not None
        self.config = self._network.config
        self._turns = walk.Turns()
        self._frame = 0
        self._drawn: dict[tuple[int, ...], Tensor] = {}
        self._w: Tensor | None = None
        self._saved: list[Tensor] = []
        self._corners: dict[int, Tensor] = {}

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from the next frame on."""
        torch.set_num_threads(threads)

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        """``save``, ``corner`` or ``forget``."""
        if action == "forget":
            self._saved.clear()
            self._corners.clear()
        elif self._w is None:
            raise ValueError("there is no picture yet whose latent could be saved")
        elif action == "corner":
            self._corners[int(arguments["number"]) - 1] = self._w.clone()
        elif len(self._saved) == MOST_SAVED:
            raise ValueError(f"at most {MOST_SAVED} points can be saved: forget them first")
        else:
            self._saved.append(self._w.clone())

    @torch.inference_mode()
    def render(self, moment: Moment, params: Mapping[str, Value]) -> NDArray[np.uint8]:
        """Return the next frame, uint8 RGB [height, width, 3]."""
        seed, reaction = int(params["seed"]), float(params["reaction"])
        self._frame += 1
        turns = self._turns.follow(moment, float(params["speed"]), float(params["walk"]) * moment.beats_per_bar)
        label = min(int(params["label"]), max(0, self.config.c_dim - 1))
        self._w = self._walked(seed, label, turns, params)
        ws = self._layers(self._w + 0.5 * self._push(moment, seed, label, reaction), label, params)
        picture = self._network.synthesis(
            ws, self._noises(seed, turns, params), self._bend(params), **self._placed(params)
        )
        return self._frame_of(picture, moment, params)

    def _walked(self, seed: int, label: int, turns: float, params: Mapping[str, Value]) -> Tensor:
        """w [1, W] where the walk is."""
        path, in_z = params["path"], params["space"] == "z"
        if params["pad"]:
            return self._between(seed, label, float(params["pad_x"]), float(params["pad_y"]))
        if path == "hold" and self._w is not None:
            return self._w
        if path == "saved" and self._saved:
            saved = torch.cat(self._saved).cpu().numpy()
            return torch.from_numpy(walk.along(saved, turns)).to(self._device)
        if path == "circle":
            return self._of(walk.circle((1, self.config.z_dim), seed, turns), label)
        if in_z:
            return self._of(walk.along(self._pictures(seed), turns), label)
        points = self._known(seed, label, POINTS).cpu().numpy()
        return torch.from_numpy(walk.along(points, turns)).to(self._device)

    def _between(self, seed: int, label: int, x: float, y: float) -> Tensor:
        """w [1, W] between the pad's corners: what was kept, and pictures of the seed."""
        known = self._known(seed, label, POINTS)
        corners = [self._corners.get(number, known[number : number + 1]) for number in range(pad.CORNERS)]
        return sum(share * corner for share, corner in zip(pad.shares(x, y), corners, strict=True))  # type: ignore[return-value]

    def _pictures(self, seed: int, count: int = POINTS) -> walk.Array:
        """z [count, Z]: the pictures of this seed."""
        return walk.draw((count, self.config.z_dim), seed, 3)

    def _of(self, z: walk.Array, label: int) -> Tensor:
        c = None
        if self.config.c_dim:
            c = functional.one_hot(torch.tensor([label] * len(z)), self.config.c_dim).float().to(self._device)
        w: Tensor = self._network.mapping(torch.from_numpy(z).to(self._device), c)
        return w

    def _known(self, seed: int, label: int, count: int = 1) -> Tensor:
        """w of a seed's pictures, kept."""
        key = seed, label, count
        if key not in self._drawn:
            if len(self._drawn) > 512:
                self._drawn.clear()
            self._drawn[key] = self._of(self._pictures(seed, count), label)
        return self._drawn[key]

    def _push(self, moment: Moment, seed: int, label: int, reaction: float) -> Tensor:
        """Each note pulls towards a picture of its own."""
        assert self._w is not None
        push = torch.zeros_like(self._w)
        for note in moment.notes:
            share = min(1.0, reaction * walk.force(note))
            if share > 0.01:
                push = push + share * (self._known(seed + 1 + note.pitch, label) - self._w)
        return push

    def _layers(self, w: Tensor, label: int, params: Mapping[str, Value]) -> Tensor:
        """A w for each layer [1, layers, W], truncated, with another picture's mixed in."""
        truncation, first = float(params["truncation"]), int(params["mix_from"])
        layers = self._network.truncated(w, truncation)[:, None].repeat(1, self.config.layers, 1)
        if first < self.config.layers:
            other = self._network.truncated(self._known(int(params["mix_seed"]), label), truncation)
            layers[:, first:] += float(params["mix"]) * (other[:, None] - layers[:, first:])
        return layers

    def _noises(self, seed: int, turns: float, params: Mapping[str, Value]) -> list[Tensor | None]:
        """Of each layer, None where it stays as stored."""
        kind, strength, only = params["noise_kind"], float(params["noise"]), int(params["noise_layer"])
        stored = self._network.synthesis.noises
        noises: list[Tensor | None] = [None] * len(stored)
        for layer, noise in enumerate(stored):
            if only in (-1, layer) and (kind != "held" or strength != 1):
                noises[layer] = strength * self._noise(str(kind), layer, noise, seed, turns)
        return noises

    def _noise(self, kind: str, layer: int, stored: Tensor, seed: int, turns: float) -> Tensor:
        if kind == "held":
            return stored
        if kind == "off":
            return torch.zeros_like(stored)
        size = len(stored)
        source = torch.Generator(self._device)
        if kind == "fresh":
            source.manual_seed((seed * 1_000_003 + self._frame) * 64 + layer)
            return torch.randn(size, size, generator=source, device=self._device)
        source.manual_seed(seed * 64 + layer)
        pair = torch.randn(2, size, size, generator=source, device=self._device)
        angle = 2 * math.pi * 4 * turns
        return math.cos(angle) * pair[0] + math.sin(angle) * pair[1]

    def _bend(self, params: Mapping[str, Value]) -> Bend | None:
        kind, amount, chosen = str(params["bend"]), float(params["bend_amount"]), int(params["bend_layer"])
        share = float(params["bend_share"])
        if kind == "none" or amount == 0:
            return None
        return lambda layer, x: bent(x, kind, amount, share) if layer == chosen else x

    def _placed(self, params: Mapping[str, Value]) -> dict[str, Tensor]:
        """StyleGAN3's transform: where in the plane of waves a point of the picture looks."""
        if self.config.version != 3:
            return {}
        told = (float(params[name]) for name in ("turn", "shift_x", "shift_y"))
        return {"transform": placed(*told).to(self._device)}

    def _frame_of(self, picture: Tensor, moment: Moment, params: Mapping[str, Value]) -> NDArray[np.uint8]:
        picture = picture[:, :3] if picture.shape[1] >= 3 else picture[:, :1].expand(-1, 3, -1, -1)
        picture = fitted(picture.float(), self._width, self._height) / 2 + 0.5
        hue, saturation = float(params["hue"]), float(params["saturation"])
        if hue % 1 or saturation != 1:
            picture = torch.einsum("oc,ncyx->noyx", torch.from_numpy(turned(hue, saturation)).to(picture), picture)
        glow = float(params["glow"]) * float(params["reaction"])
        if glow > 0:
            rows, columns = 36, max(1, round(36 * self._width / self._height))
            light = torch.from_numpy(walk.lights(moment.notes, rows, columns, LIGHT * glow)).to(picture)
            light = functional.interpolate(light[None, None], (self._height, self._width), mode="bilinear")
            picture = picture * (1 + 0.25 * glow * math.exp(-5 * (moment.beat % 1.0)) + light)
        pixels = (picture[0] * 255 + 0.5).clamp(0, 255).to(torch.uint8)  # 127.5 x + 128, as NVIDIA's pictures are made
        return np.ascontiguousarray(pixels.permute(1, 2, 0).cpu().numpy())


def placed(turn: float, x: float, y: float) -> Tensor:
    """[3, 3]: where in the plane of waves a point of the picture looks, for it to turn clockwise, then to move."""
    cosine, sine = math.cos(2 * math.pi * turn), math.sin(2 * math.pi * turn)
    back = torch.tensor([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    away = torch.tensor([[1.0, 0.0, -x], [0.0, 1.0, -y], [0.0, 0.0, 1.0]])
    return back @ away


def fitted(picture: Tensor, width: int, height: int) -> Tensor:
    """The middle of a picture [N, C, H, W], as much as the shape allows, at that size."""
    rows, columns = picture.shape[2:]
    scale = max(width / columns, height / rows)
    inner_rows, inner_columns = max(1, round(height / scale)), max(1, round(width / scale))
    top, left = (rows - inner_rows) // 2, (columns - inner_columns) // 2
    picture = picture[:, :, top : top + inner_rows, left : left + inner_columns]
    if (inner_rows, inner_columns) == (height, width):
        return picture
    return functional.interpolate(picture, (height, width), mode="bilinear", antialias=scale < 1)
