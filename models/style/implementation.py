"""Repaints pictures: onnxruntime and numpy, no torch."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from models.contract import Moment, Value
from models.style.network import MULTIPLE, Array, Network, parse_mix, read_style
from models.texture_ca.declaration import TextureCa
from models.texture_ca.implementation import TextureCaPainter

GRAPH = Path(__file__).parent.parent / "weights" / "style" / "network.onnx"
PUSH = 0.6
"""How far a loud note pushes the blend towards the second style, at reaction 1."""
PUSH_S = 0.5
"""Seconds in which it comes back."""
SMALLEST = 16
"""Pixels of a side."""

Frame = NDArray[np.uint8]


class StylePainter:
    """Repaints what it is given at ``width`` × ``height`` pixels, on ``threads`` threads.

    ``own`` is the file of a style of one's own, or empty. Raises ImportError where the package with the network is not
    installed, OSError or ValueError for a style that cannot be read or a size under 16 pixels.
    """

    def __init__(self, width: int, height: int, own: str = "", threads: int = 1) -> None:
        if min(width, height) < SMALLEST:
            raise ValueError(f"width and height must be at least {SMALLEST} pixels, got {width}×{height}")
        self.width, self.height = width, height
        self._network = Network()
        self.styles = self._network.styles
        self.own = read_style(Path(own).expanduser()) if own else None
        self._texture: TextureCaPainter | None = None
        self.set_threads(threads)

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from now on."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the other core has work
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        convolutions = self._network.convolutions
        held = [onnxruntime.OrtValue.ortvalue_from_numpy(value) for value in convolutions.values()]
        options.add_external_initializers([f"{name}.w" for name in convolutions], held)
        self._session = onnxruntime.InferenceSession(GRAPH.read_bytes(), options, providers=["CPUExecutionProvider"])

    def render(self, moment: Moment, params: Mapping[str, Value], picture: Frame | None = None) -> Frame:
        """Return the next frame, uint8 RGB [height, width, 3].

        ``picture``, RGB of any size, is what is repainted. Raises ValueError for a ``mix`` that names no style.
        """
        if picture is None:
            picture = self._living_texture(moment, params)
        return self.repaint(picture, self.style_of(params, _push(moment)), float(params["strength"]))

    def repaint(self, picture: Frame, style: Array, strength: float = 1.0) -> Frame:
        """A picture in a style, [990], at the painter's size."""
        columns, rows = (-(-side // MULTIPLE) * MULTIPLE for side in (self.width, self.height))
        feed = {"picture": _fitted(picture, columns, rows), "style": style, "strength": np.array(strength, np.float32)}
        (frame,) = self._session.run(None, feed)
        return np.ascontiguousarray(frame[: self.height, : self.width])

    def style_of(self, params: Mapping[str, Value], push: float = 0.0) -> Array:
        """The style that the parameters ask for, [990]; ``push``, 0..1, is what the notes add to the blend."""
        if mix := str(params["mix"]).strip():
            weights = parse_mix(mix, len(self.styles), self.own is not None)
            return np.sum([share * self._named(key) for key, share in weights.items()], 0, dtype=np.float32)
        blend = min(1.0, float(params["blend"]) + PUSH * float(params["reaction"]) * push)
        first, second = (self.styles[int(params[name]) - 1] for name in ("style", "second_style"))
        if self.own is not None:
            own = float(params["own_blend"])
            first = own * self.own + (1 - own) * first
        return np.asarray((1 - blend) * first + blend * second, np.float32)

    def _named(self, key: int | str) -> Array:
        if key == "own":
            assert self.own is not None
            return self.own
        return self.styles[int(key) - 1]

    def _living_texture(self, moment: Moment, params: Mapping[str, Value]) -> Frame:
        if self._texture is None:
            self._texture = TextureCaPainter(self.width, self.height)
        shared = {name: params[name] for name in ("seed", "speed", "reaction", "texture")}
        defaults = {name: param.default for name, param in TextureCa.params().items()}
        return self._texture.render(moment, defaults | {"zoom": 2.0} | shared)


def _push(moment: Moment) -> float:
    """How much the loudest note pushes now, 0..1: all at its onset, then less and less."""
    return max((note.velocity / 127 * math.exp(-note.age / PUSH_S) for note in moment.notes), default=0.0)


def _fitted(picture: Frame, columns: int, rows: int) -> Frame:
    """The picture's middle at that size, as large as its shape allows."""
    height, width = picture.shape[:2]
    if (width, height) == (columns, rows):
        return np.ascontiguousarray(picture)
    scale = max(columns / width, rows / height)
    margin_x, margin_y = (width - columns / scale) / 2, (height - rows / scale) / 2
    box = (margin_x, margin_y, width - margin_x, height - margin_y)
    resized = Image.fromarray(picture).resize((columns, rows), Image.Resampling.BILINEAR, box=box)
    return np.asarray(resized)
