"""Paints what prompts say: numpy and onnxruntime, no torch. ``training/network.py`` tells what the graphs do."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open

from models import pad
from models.contract import Moment, Sounding, Value
from models.latent import space, walk
from models.latent.colours import turned
from models.latent.decoder import Decoder, cells
from models.latent.session import session

from .words import Shares, Vocabulary

Array = NDArray[np.float32]

WEIGHTS = Path(__file__).parent.parent / "weights" / "text_to_image"
PROMPTS = ("prompt", "second_prompt", "third_prompt", "fourth_prompt")
"""In the order of the pad's corners."""
STYLE = 14
SECOND_SHARE = 0.5
"""How far the second step goes back into the noise."""
HOP, LEAN, PULSE = 0.16, 0.22, 0.1
"""How high the subject hops, in half pictures; how far it leans, in radians; how much it grows, at the most."""
LIGHT = 0.8


class Words:
    """Prompts to vectors."""

    def __init__(self, path: Path) -> None:
        """Raises OSError if the file is missing."""
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing")
        with safe_open(path, "numpy") as file:
            self.vocabulary = Vocabulary(file.metadata()["words"].split())
            self._table: Array = file.get_tensor("table").astype(np.float32)
        self.encode = lru_cache(maxsize=64)(self._encode)

    def _encode(self, text: str) -> Array:
        """[2, 1, 128]: the subject and the setting; zero where nothing is said of one."""
        subject, setting = self.vocabulary.read(text)
        return np.stack([self._sum(subject), self._sum(setting)])[:, None]

    def _sum(self, shares: Shares) -> Array:
        total = np.zeros(self._table.shape[1], np.float32)
        for number, share in shares:
            total += share * len(shares) ** 0.5 * self._table[number]
        return total


class TextToImagePainter:
    """Paints ``width`` × ``height`` pixels on ``threads`` threads.

    The same sequence of moments, parameters and pictures gives the same frames on one machine. Raises OSError if
    weights are missing.
    """

    def __init__(self, width: int, height: int, threads: int = 1) -> None:
        self._decoder = Decoder(width, height, threads)
        self._words = Words(WEIGHTS / "words.safetensors")
        self.set_threads(threads)
        self._columns, self._rows = cells(width, height)
        self._turns, self._said, self._style = walk.Turns(), walk.Ease(), walk.Ease()

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from now on."""
        self._decoder.set_threads(threads)
        self._recall, self._layers, self._paint = (
            session(WEIGHTS / f"{name}.onnx", threads) for name in ("recall", "layers", "paint")
        )

    def render(
        self, moment: Moment, params: Mapping[str, Value], image: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """Return the next frame, uint8 RGB [height, width, 3]. ``image``, uint8 RGB of any size, lies behind."""
        source, shown = self._source(image, params)
        sketch, opacity = self._sketch(moment, params, source, shown)
        latent = self._painted(moment, params, sketch, opacity, source, shown)
        latent = self._lit(latent, moment, params)
        pulse = 0.25 * float(params["glow"]) * float(params["reaction"]) * math.exp(-5 * (moment.beat % 1.0))
        return self._decoder.frame(latent, 1 + pulse, turned(float(params["hue"]), float(params["saturation"])))

    def _source(self, image: NDArray[np.uint8] | None, params: Mapping[str, Value]) -> tuple[Array, float]:
        """What lies behind, [1, 3, 4 rows, 4 columns], and how much is painted over it; all where there is nothing."""
        shape = 4 * self._rows, 4 * self._columns
        if image is None:
            return np.zeros((1, 3, *shape), np.float32), 1.0
        return space.shrink(image, *shape)[None], float(params["strength"])

    def _sketch(self, moment: Moment, params: Mapping[str, Value], source: Array, shown: float) -> tuple[Array, Array]:
        seed, reaction, morph = int(params["seed"]), float(params["reaction"]), float(params["morph"])
        texts, blend = tuple(str(params[name]) for name in PROMPTS), float(params["blend"])
        said = self._said.towards(texts, np.stack([self._words.encode(text) for text in texts]), moment.beat, morph)
        shares = (1 - blend, blend, 0.0, 0.0)
        if params["pad"]:
            shares = pad.shares(float(params["pad_x"]), float(params["pad_y"]))
        subject, setting = np.tensordot(np.array(shares, np.float32), said, 1)
        turns = self._turns.follow(moment, float(params["speed"]), float(params["walk"]))
        style = self._style.towards(seed, walk.circle((1, STYLE), seed, turns), moment.beat, morph)
        style = walk.pushed(style, seed, moment.notes, 0.6 * reaction)
        objects, scenes = self._recall.run(None, {"subject": subject, "setting": setting, "style": style})
        shape = 4 * self._rows, 4 * self._columns
        grid = placing(moment, float(params["size"]), float(params["dance"]), reaction, *shape)
        feed = {"objects": objects, "scenes": scenes, "grid": grid, "source": source}
        sketch, opacity = self._layers.run(None, feed | {"shown": np.array(shown, np.float32)})
        return sketch, opacity

    def _painted(
        self, moment: Moment, params: Mapping[str, Value], sketch: Array, opacity: Array, source: Array, shown: float
    ) -> Array:
        """The latent, in one step or two, from noise or from a source."""
        seed = int(params["seed"])
        noise = walk.circle(sketch.shape, seed, self._turns.turns)
        noise = walk.pushed(noise, seed, moment.notes, 0.5 * float(params["reaction"]))
        noised = noise if shown >= 1 else (1 - shown) * space.encode_small(source) + shown * noise
        latent = self._step(noised, shown, sketch, opacity)
        if int(params["steps"]) > 1:
            share = SECOND_SHARE * shown
            latent = self._step((1 - share) * latent + share * noise, share, sketch, opacity)
        return latent

    def _step(self, noised: Array, share: float, sketch: Array, opacity: Array) -> Array:
        feed = {"noised": noised, "share": np.array([share], np.float32), "sketch": sketch, "opacity": opacity}
        (latent,) = self._paint.run(None, feed)
        return latent  # type: ignore[no-any-return]

    def _lit(self, latent: Array, moment: Moment, params: Mapping[str, Value]) -> Array:
        """The latent with light about the notes: that of the call warm, of the answer cold."""
        strength = LIGHT * float(params["glow"]) * float(params["reaction"])
        for voice, warmth in (("call", -0.5), ("answer", 0.5)):
            light = walk.lights([n for n in moment.notes if n.voice == voice], self._rows, self._columns, strength)
            latent[0, 0] += light
            latent[0, 16] += warmth * light
            latent[0, 20] -= warmth * light
        return latent


def placing(moment: Moment, size: float, dance: float, reaction: float, rows: int, columns: int) -> Array:
    """Where each point of a canvas looks into the subject's layer, [1, rows, columns, 2] in ±1.

    It hops once a beat, leans from side to side over two, and turns to where the notes are.
    """
    pull, kick = _pull(moment.notes, reaction)
    hop = dance * HOP * abs(math.sin(math.pi * moment.beat))
    lean = dance * LEAN * (0.4 * math.sin(math.pi * moment.beat) + pull)
    grown = size * (1 + dance * PULSE * kick)
    wide = columns / rows
    x = ((np.arange(columns, dtype=np.float32) + 0.5) / columns * 2 - 1) * wide - 0.5 * wide * dance * pull
    y = (np.arange(rows, dtype=np.float32) + 0.5) / rows * 2 - 1 + hop
    across, down = np.meshgrid(x / grown, y / grown)
    cosine, sine = math.cos(lean), math.sin(lean)
    return np.stack([cosine * across + sine * down, cosine * down - sine * across], -1)[None].astype(np.float32)


def _pull(notes: tuple[Sounding, ...], reaction: float) -> tuple[float, float]:
    """How far to the side the notes pull, −1..1, and how hard they kick, 0..1."""
    forces = [(walk.force(note), walk.place(note)[0] * 2 - 1) for note in notes]
    total = sum(strength for strength, _ in forces)
    pull = sum(strength * side for strength, side in forces) / (total + 0.5)
    return reaction * pull, reaction * min(1.0, total)
