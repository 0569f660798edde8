"""Paints with texture automata: numpy and onnxruntime, no torch.

``training/graph.py`` tells what the three graphs do. The state has a cell for every ``zoom`` pixels of the frame, and
at most as many as 256×256; the picture is enlarged from it in the graph.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from safetensors.numpy import load_file

from models.contract import Moment, Value

from . import bumps

Array = NDArray[np.float32]

WEIGHTS = Path(__file__).parent.parent / "weights" / "texture_ca"
CHANNELS = 12
MOST_CELLS = 256 * 256
SEED_RANGE = 0.1  # as in training: a fresh state is noise in ± this
GROWTH = 32  # steps that a fresh state grows before it is first shown
STRAY = 2.9  # no healthy cell has numbers this large; the graph stops them at 3
LOOK_EVERY = 16  # frames between looks for stray cells and for a picture gone flat
FLAT = 2.0  # deviation of the bytes under which a picture counts as flat
WOUND = {"call": 0.1, "answer": -0.25}  # the call opens the texture light, the answer dark
PULSE = 0.35
EDGE = 0.08  # softness of the border between two blended textures
PATCHES = 2.5  # blended patches across the shorter side


class TextureCaPainter:
    """Grows a texture at ``width`` × ``height`` pixels, torn and stirred by notes, on ``threads`` threads.

    The same sequence of moments and parameters gives the same frames to the bit on one machine and thread count.
    Raises OSError if the weights are missing, ValueError for a size under 16 pixels.
    """

    def __init__(self, width: int, height: int, threads: int = 1) -> None:
        if min(width, height) < 16:
            raise ValueError(f"width and height must be at least 16 pixels, got {width}×{height}")
        self.width, self.height, self.threads = width, height, threads
        self._size = width, height
        self.columns, self.rows = self._cells(1.0)
        self._paint = self._session("paint", {})
        self._steppers: dict[tuple[str, ...], onnxruntime.InferenceSession] = {}
        self._ripples = bumps.Ripples()
        self._seed: int | None = None
        self._frames = 0
        self._random = np.random.default_rng(0)
        self.state: Array = self._noise(self.rows, self.columns)
        self._painted: Array = np.zeros((1, 1, self.rows, self.columns), np.float32)
        self._stirred: list[bumps.Ripple] = []

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        """Paint, erase or stir at a place, as the declaration says. Raises ValueError for any other action."""
        x, y, radius = (float(arguments[name]) for name in ("x", "y", "radius"))
        match action:
            case "paint":
                share = self._disc(x, y, radius) * np.float32(arguments["amount"])
                self._painted[0, 0] = np.maximum(self._painted[0, 0], share)
            case "erase":
                share = self._disc(x, y, radius)
                self._painted[0, 0] *= 1 - share
                self.state += share * (self._noise(self.rows, self.columns) - self.state)
            case "stir":
                turn = float(arguments["turn"])
                voice: Literal["call", "answer"] = "call" if turn > 0 else "answer"
                # Its time begins with the next frame, which alone knows what time it is.
                self._stirred.append(bumps.Ripple(0, voice, math.inf, x, y, radius, abs(turn)))
            case _:
                raise ValueError(f"an action must be paint, erase or stir, got {action!r}")

    def resize(self, width: int, height: int) -> None:
        """Paint the same texture with so many pixels; its cells stay."""
        self._size = width, height

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from now on."""
        self.threads = threads
        self._paint = self._session("paint", {})
        self._steppers.clear()

    def render(self, moment: Moment, params: Mapping[str, Value]) -> NDArray[np.uint8]:
        """Return the next frame, uint8 RGB [height, width, 3], and let the state live on by ``speed`` steps."""
        now, reaction = moment.time, float(params["reaction"])
        self._prepare(params, now)
        for ripple in self._ripples.follow(moment):
            self._wound(ripple, reaction)
        self._age_stirs(now)
        self._live(float(params["speed"]), now, reaction, params)
        frame, level = self._picture(moment, reaction, params)
        if not np.isfinite(level):
            self._heal(~np.isfinite(self.state).all((0, 1)))
            frame, _ = self._picture(moment, reaction, params)
        self._frames += 1
        if self._frames % LOOK_EVERY == 0:
            self._heal((np.abs(self.state) >= STRAY).any((0, 1)))
            if frame[::4, ::4].std() < FLAT and min(float(params["brightness"]), float(params["speed"])) > 0.2:
                self._grow(params, now)
        return frame

    def _prepare(self, params: Mapping[str, Value], now: float) -> None:
        """Begin anew for another seed. Another texture grows out of the present state: all came of one parent."""
        seed, cells = int(params["seed"]), self._cells(float(params["zoom"]))
        if seed == self._seed and cells == (self.columns, self.rows):
            return
        if cells != (self.columns, self.rows):  # keep the picture: repeat or leave out cells, and let it mend itself
            y, x = (np.arange(n) * old // n for n, old in zip(cells[::-1], self.state.shape[2:], strict=True))
            self.state = np.ascontiguousarray(self.state[:, :, y[:, None], x])
            self._painted = np.ascontiguousarray(self._painted[:, :, y[:, None], x])
            self.columns, self.rows = cells
        self._patches = _patches(np.random.default_rng(seed), self.rows, self.columns)
        self._mask_at_blend = -1.0
        if seed != self._seed:
            self._seed = seed
            self._random = np.random.default_rng(seed)
            self._grow(params, now)

    def _cells(self, zoom: float) -> tuple[int, int]:
        """Columns and rows of the state, ``zoom`` pixels a cell or as many more as it takes to keep to MOST_CELLS."""
        pixels = max(zoom, math.sqrt(self.width * self.height / MOST_CELLS))
        return max(16, round(self.width / pixels)), max(16, round(self.height / pixels))

    def _grow(self, params: Mapping[str, Value], now: float) -> None:
        self.state = self._noise(self.rows, self.columns)
        for _ in range(GROWTH // 4):
            self._live(4.0, now, 0.0, params)

    def _live(self, speed: float, now: float, reaction: float, params: Mapping[str, Value]) -> None:
        """Let ``speed`` steps pass, a broken number as shorter steps: half a step is half the change."""
        steps = math.ceil(speed)
        if steps == 0:
            return
        flow_rows, flow_columns = bumps.flows(
            self._ripples.alive, now, reaction, float(params["drift"]), self.rows, self.columns
        )
        if self._stirred:  # whatever reaction says: a hand meant them
            rows, columns = bumps.flows(self._stirred, now, 1.0, 0.0, self.rows, self.columns)
            flow_rows = np.concatenate([flow_rows, rows], 2)
            flow_columns = np.concatenate([flow_columns, columns], 1)
        feed = {"pace": np.array(speed / steps, np.float32), "flow_rows": flow_rows, "flow_columns": flow_columns}
        first, second, blend = str(params["texture"]), str(params["second_texture"]), float(params["blend"])
        mixed = blend > 0 or bool(self._painted.any())
        names = (first,) if not mixed or first == second else (second,) if blend >= 1 else (first, second)
        if len(names) == 2:
            feed["mask"] = np.maximum(self._mask_at(blend), self._painted)
        session = self._stepper(names)
        for _ in range(steps):
            (self.state,) = session.run(None, {"state": self.state, **feed})

    def _picture(self, moment: Moment, reaction: float, params: Mapping[str, Value]) -> tuple[NDArray[np.uint8], float]:
        width, height = self._size
        light_rows, light_columns = bumps.lights(self._ripples.alive, moment.time, reaction, height, width)
        pulse = PULSE * float(params["pulse"]) * math.exp(-4 * (moment.beat % 1.0))
        feed = {
            "state": self.state,
            "size": np.array([1, 3, height, width]),
            "light_rows": light_rows,
            "light_columns": light_columns,
            "gain": np.array(float(params["brightness"]) * (1 + pulse), np.float32),
            "colours": colour_matrix(float(params["hue"]), float(params["saturation"])),
        }
        frame, level = self._paint.run(None, feed)
        return frame, float(level)

    def _wound(self, ripple: bumps.Ripple, reaction: float) -> None:
        """Where a note begins, replace the texture by noise, light or dark, in a disc with a soft edge."""
        if reaction <= 0:
            return
        radius = 0.7 * ripple.radius * min(self.rows, self.columns) * (0.4 + 0.6 * reaction)
        reach = min(math.ceil(radius * 1.5), min(self.rows, self.columns) // 2 - 1)
        y, x = round(ripple.y * self.rows), round(ripple.x * self.columns)
        around = np.arange(-reach, reach + 1)
        distance = np.hypot(around[:, None], around[None, :]) / radius
        soft = np.clip((1.5 - distance) / 1.2, 0, 1)
        share = (soft * soft * (3 - 2 * soft) * min(0.7, reaction * ripple.force)).astype(np.float32)
        fresh = self._noise(len(around), len(around))
        fresh[:, :3] += WOUND[ripple.voice]
        block = np.ix_([0], range(CHANNELS), (y + around) % self.rows, (x + around) % self.columns)
        self.state[block] += share * (fresh - self.state[block])

    def _age_stirs(self, now: float) -> None:
        """Begin what was stirred since the last frame, and forget what has come to rest."""
        for stir in self._stirred:
            if stir.onset == math.inf:
                stir.onset = stir.released = now
        self._stirred = [stir for stir in self._stirred if stir.light(now) > 0.01][-bumps.MOST :]

    def _disc(self, x: float, y: float, radius: float) -> Array:
        """[rows, columns]: 1 inside a disc, round in pixels, on the torus; 0 outside, with a soft edge."""
        smaller = min(self.rows, self.columns)
        dy = ((np.arange(self.rows) + 0.5) / self.rows - y + 0.5) % 1.0 - 0.5
        dx = ((np.arange(self.columns) + 0.5) / self.columns - x + 0.5) % 1.0 - 0.5
        distance = np.hypot(dy[:, None] * self.rows, dx[None] * self.columns) / (radius * smaller)
        return np.clip((1.1 - distance) / 0.2, 0, 1).astype(np.float32)

    def _heal(self, broken: NDArray[np.bool_]) -> None:
        """Replace broken cells [rows, columns] by fresh ones; the neighbours grow the texture back."""
        if broken.any():
            self.state[..., broken] = self._noise(self.rows, self.columns)[..., broken]

    def _noise(self, rows: int, columns: int) -> Array:
        return self._random.uniform(-SEED_RANGE, SEED_RANGE, (1, CHANNELS, rows, columns)).astype(np.float32)

    def _mask_at(self, blend: float) -> Array:
        """[1, 1, rows, columns]: 1 where the second texture rules, over the share ``blend`` of the picture."""
        if blend != self._mask_at_blend:
            self._mask_at_blend = blend
            level = blend * (1 + EDGE) - EDGE / 2
            self._mask = np.clip((level - self._patches) / EDGE + 0.5, 0, 1)[None, None].astype(np.float32)
        return self._mask

    def _stepper(self, names: tuple[str, ...]) -> onnxruntime.InferenceSession:
        if names not in self._steppers:
            values: dict[str, Array] = {}
            for suffix, name in zip(("", "_2"), names, strict=False):
                values |= {key + suffix: value for key, value in load_weights(name).items()}
            self._steppers[names] = self._session("blend" if len(names) == 2 else "step", values)
        return self._steppers[names]

    def _session(self, graph: str, values: dict[str, Array]) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self.threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the other core has work
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        if values:
            held = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in values.values()]
            options.add_external_initializers(list(values), held)
        model = (WEIGHTS / f"{graph}.onnx").read_bytes()
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def colour_matrix(hue: float, saturation: float) -> Array:
    """[3, 3, 1, 1]: turns colours about the grey axis by ``hue`` turns, ``saturation`` times as far from it."""
    cosine, sine = math.cos(2 * math.pi * hue), math.sin(2 * math.pi * hue) / math.sqrt(3)
    grey = np.full((3, 3), 1 / 3)
    across = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    return (grey + saturation * (cosine * (np.eye(3) - grey) + sine * across))[..., None, None].astype(np.float32)


def load_weights(texture: str) -> dict[str, Array]:
    """A texture's weights as the graphs name and shape them, float32."""
    path = WEIGHTS / f"{texture}.safetensors"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in WEIGHTS.glob("*.safetensors")))
        raise ValueError(f"texture must be one of {known}, got {texture!r}")
    stored = {name: value.astype(np.float32) for name, value in load_file(path).items()}
    hidden = len(stored["sense_bias"])
    return {
        "sense": stored["sense"].reshape(hidden, -1, 1, 1),
        "bias": stored["sense_bias"],
        "act": stored["act"].reshape(CHANNELS, hidden, 1, 1),
    }


def _patches(random: np.random.Generator, rows: int, columns: int) -> Array:
    """Smooth, periodic noise [rows, columns] with every value from 0 to 1 equally frequent."""
    fy, fx = np.fft.fftfreq(rows)[:, None], np.fft.fftfreq(columns)[None, :]
    frequency = np.hypot(fy, fx) * min(rows, columns) / PATCHES
    noise = np.fft.ifft2(np.fft.fft2(random.standard_normal((rows, columns))) * np.exp(-(frequency**2))).real
    order = noise.ravel().argsort().argsort()
    return (order.reshape(rows, columns) / order.size).astype(np.float32)
