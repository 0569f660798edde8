"""The style network as an ONNX graph: ``python -m models.style.training.graph models/weights/style/network.onnx``.

The convolutions are external initialisers, given when a session is made; the style is an input.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from models.onnx_graph import Graph
from models.style.network import LAYERS, STYLE_SIZE

STRIDES = {"contract.1": 2, "contract.2": 2}
EPSILON = 1e-5


def build() -> onnx.ModelProto:
    """``picture`` uint8 [h, w, 3], sides multiples of 4, ``style`` [990], ``strength`` → ``frame``, uint8 [h, w, 3]."""
    g = Graph()
    g.constant("black", 0.0)
    g.constant("white", 255.0)
    g.constant("batch", [0], np.int64)
    g.constant("doubled", [1.0, 1.0, 2.0, 2.0])
    g.add("Cast", ["picture"], "floats", to=TensorProto.FLOAT)
    g.add("Div", ["floats", "white"], "small")
    g.add("Transpose", ["small"], "planes", perm=[2, 0, 1])
    now = content = g.add("Unsqueeze", ["planes", "batch"], "content")
    at = 0
    for name, (into, out, width) in LAYERS.items():
        margin = width // 2
        if name.startswith("expand") and width == 3:
            now = g.add(
                "Resize", [now, "", "doubled"], f"{name}.large", mode="nearest",
                coordinate_transformation_mode="asymmetric", nearest_mode="floor",
            )  # fmt: skip
        g.external(f"{name}.w", (out, into, width, width))
        pads = g.constant(f"{name}.pads", [0, 0, margin, margin, 0, 0, margin, margin], np.int64)
        padded = g.add("Pad", [now, pads], f"{name}.padded", mode="reflect")
        stride = STRIDES.get(name, 1)
        seen = g.add("Conv", [padded, f"{name}.w"], f"{name}.seen", strides=[stride, stride])
        parts = []
        for part in ("scale", "shift"):
            begin, end = (g.constant(f"{name}.{part}.{i}", [i], np.int64) for i in (at, at + out))
            parts.append(g.add("Slice", ["style", begin, end, "batch"], f"{name}.{part}"))
            at += out
        normal = g.add("InstanceNormalization", [seen, *parts], f"{name}.normal", epsilon=EPSILON)
        if name.endswith(".0") and name.startswith("res"):
            before = now
        if name.endswith(".1") and name.startswith("res"):
            now = g.add("Add", [before, normal], f"{name}.sum")
        elif name == "expand.2":
            now = g.add("Sigmoid", [normal], "styled")
        else:
            now = g.add("Relu", [normal], f"{name}.active")
    g.add("Sub", [now, content], "difference")
    g.add("Mul", ["difference", "strength"], "share")
    g.add("Add", [content, "share"], "mixed")
    g.add("Mul", ["mixed", "white"], "scaled")
    g.add("Clip", ["scaled", "black", "white"], "bytes")
    g.add("Squeeze", ["bytes", "batch"], "picture_planes")
    g.add("Cast", ["picture_planes"], "coarse", to=TensorProto.UINT8)
    g.add("Transpose", ["coarse"], "frame", perm=[1, 2, 0])
    byte, f = TensorProto.UINT8, TensorProto.FLOAT
    return g.model(
        "style",
        [("picture", byte, ["h", "w", 3]), ("style", f, [STYLE_SIZE]), ("strength", f, [])],
        [("frame", byte, ["height", "width", 3])],
    )


if __name__ == "__main__":
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[1]).write_bytes(build().SerializeToString())
