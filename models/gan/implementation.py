"""Walks through a trained generator: numpy and onnxruntime, no torch. ``training/network.py`` tells what it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from models import pad
from models.contract import Moment, Value
from models.gan.declaration import Gan
from models.latent import walk
from models.latent.bending import bent
from models.latent.colours import turned
from models.latent.decoder import Decoder, cells
from models.latent.session import session

Array = NDArray[np.float32]

WEIGHTS = Path(__file__).parent.parent / "weights" / "gan"
LAYERS, STEPS = 7, (1, 2, 2, 4, 4, 8)
"""Layers with a w each; what all but the last work at, times 4×4, each with noise."""
FILES = tuple(name.removeprefix("gan/") for name in Gan.weights if name.startswith("gan/"))
LIGHT = 0.6
MOST_SAVED = 64


class GanPainter:
    """Paints ``width`` × ``height`` pixels on ``threads`` threads, with the generator in ``folder``.

    The same sequence of moments, parameters and actions gives the same frames on one machine. Raises OSError if a file
    is missing.
    """

    def __init__(self, width: int, height: int, folder: str = "", threads: int = 1) -> None:
        place = Path(folder).expanduser() if folder else WEIGHTS
        missing = [name for name in FILES if not (place / name).is_file()]
        if missing:
            how = "/frames/gan/folder names one that `antiphon train gan` wrote"
            raise FileNotFoundError(f"{place} lacks {', '.join(missing)}: {how}")
        self._decoder = Decoder(width, height, threads)
        self._place = place
        self.set_threads(threads)
        with safe_open(place / FILES[0], "numpy") as file:
            self.points: Array = file.get_tensor("points").astype(np.float32)
            self._middle: Array = file.get_tensor("middle")
            self.footage = file.metadata()["footage"] == "1"
        self._columns, self._rows = cells(width, height, 4)
        self._size = self.points.shape[1]
        self._turns = walk.Turns()
        self._w: Array = self._middle[None]
        self._saved: list[Array] = []
        self._corners: dict[int, Array] = {}

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from now on."""
        self._decoder.set_threads(threads)
        self._mapping, *self._layers = (session(self._place / name, threads) for name in FILES[1:])

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        """``save``, ``corner`` or ``forget``."""
        if action == "forget":
            self._saved.clear()
            self._corners.clear()
        elif action == "corner":
            self._corners[int(arguments["number"]) - 1] = self._w.copy()
        elif len(self._saved) == MOST_SAVED:
            raise ValueError(f"at most {MOST_SAVED} points can be saved: forget them first")
        else:
            self._saved.append(self._w.copy())

    def render(self, moment: Moment, params: Mapping[str, Value]) -> NDArray[np.uint8]:
        """Return the next frame, uint8 RGB [height, width, 3]."""
        seed, reaction = int(params["seed"]), float(params["reaction"])
        turns = self._turns.follow(moment, float(params["speed"]), float(params["walk"]) * moment.beats_per_bar)
        self._w = self._walked(seed, turns, params)
        w = self._w + 0.5 * self._push(moment, seed, reaction)
        w = self._middle + float(params["truncation"]) * (w - self._middle)
        layers = np.repeat(w[:, None], LAYERS, 1)
        first = int(params["mix_from"])
        if first < LAYERS:
            other = self._middle + float(params["truncation"]) * (
                self._of(self._any(int(params["mix_seed"]))) - self._middle
            )
            layers[:, first:] += float(params["mix"]) * (other[:, None] - layers[:, first:])
        noises = self._noises(seed, turns, params, moment, reaction)
        latent = self._synthesised(layers.astype(np.float32), noises, params)
        glow = float(params["glow"]) * reaction
        light = walk.lights(moment.notes, self._rows, self._columns, LIGHT * glow)
        latent[0, 0] += light
        pulse = 1 + 0.25 * glow * math.exp(-5 * (moment.beat % 1.0))
        return self._decoder.frame(latent, pulse, turned(float(params["hue"]), float(params["saturation"])))

    def _synthesised(self, w: Array, noises: list[Array], params: Mapping[str, Value]) -> Array:
        """The latent [1, 24, rows, columns], through all layers, one of them bent."""
        x: Array | None = None
        for number, layer in enumerate(self._layers):
            feed = {"w": w[:, number]} if x is None else {"x": x, "w": w[:, number]}
            if number < len(noises):
                feed["noise"] = noises[number]
            (x,) = layer.run(None, feed)
            if number == int(params["bend_layer"]) and number < len(noises):
                x = bent(x, str(params["bend"]), float(params["bend_amount"]), float(params["bend_share"]))
        assert x is not None
        return x

    def _walked(self, seed: int, turns: float, params: Mapping[str, Value]) -> Array:
        """w [1, Z] where the walk is."""
        path = params["path"]
        if params["pad"]:
            return self._between(seed, float(params["pad_x"]), float(params["pad_y"]))
        if path == "hold":
            return self._w
        if path == "saved" and self._saved:
            return walk.along(np.concatenate(self._saved), turns)
        in_z = params["space"] == "z"
        if path == "circle":
            return self._of(walk.circle((1, self._size), seed, turns))
        order = np.arange(len(self.points)) if self.footage else self._order(seed)
        points = self.points[order]
        return self._of(walk.along(points, turns)) if in_z else walk.along(self._of(points), turns)

    def _between(self, seed: int, x: float, y: float) -> Array:
        """w [1, Z] between the pad's corners: what was kept, and pictures of the seed."""
        learnt = self._of(self.points[np.resize(self._order(seed), pad.CORNERS)])
        corners = [self._corners.get(number, learnt[number : number + 1]) for number in range(pad.CORNERS)]
        return np.tensordot(np.array(pad.shares(x, y), np.float32), np.stack(corners), 1)

    def _order(self, seed: int) -> NDArray[np.int64]:
        """Eight pictures of this seed, in turn."""
        return np.random.default_rng(seed).permutation(len(self.points))[:8]

    def _any(self, seed: int) -> Array:
        return self.points[np.random.default_rng(seed).integers(len(self.points))][None]

    def _of(self, z: Array) -> Array:
        (w,) = self._mapping.run(None, {"z": z.astype(np.float32)})
        return w  # type: ignore[no-any-return]

    def _push(self, moment: Moment, seed: int, reaction: float) -> Array:
        """Each note pulls towards a picture of its own."""
        push = np.zeros_like(self._middle)[None]
        for note in moment.notes:
            share = min(1.0, reaction * walk.force(note))
            if share > 0.01:
                push = push + share * (self._of(self._any(seed + 1 + note.pitch)) - self._w)
        return push

    def _noises(
        self, seed: int, turns: float, params: Mapping[str, Value], moment: Moment, reaction: float
    ) -> list[Array]:
        noises, chosen = [], int(params["noise_layer"])
        for i, step in enumerate(STEPS):
            shape = 1, 1, self._rows * step // 4, self._columns * step // 4
            noise = walk.circle(shape, seed + 100 + i, 4 * turns)
            strength = np.float32(params["noise"]) if chosen in (-1, i) else np.float32(1)
            noises.append(strength * walk.pushed(noise, seed + i, moment.notes, 0.5 * reaction))
        return noises
