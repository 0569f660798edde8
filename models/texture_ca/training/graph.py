"""The automaton as ONNX graphs for onnxruntime: one step, one step of two textures blended, and the picture.

One set of graphs serves every texture and size: the textures' weights are external initialisers, given when a session
is made, so that onnxruntime still treats them as constants and packs them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from models.onnx_graph import Graph

from .automaton import CHANNELS, FILTERS, HIDDEN

LIMIT = 3.0  # no cell's number leaves ±LIMIT, whatever was done to it
FASTEST = 0.6  # cells a step, however many notes stir at one place
WEIGHT_SHAPES = {"sense": (HIDDEN, CHANNELS * len(FILTERS), 1, 1), "bias": (HIDDEN,), "act": (CHANNELS, HIDDEN, 1, 1)}


def step_graph(textures: int) -> onnx.ModelProto:
    """One update of the state [1, 12, H, W].

    Inputs: ``pace`` (1 is a step as learnt), ``flow_rows`` [2, H, K] and ``flow_columns`` [2, K, W], whose products are
    the speed to the right and downwards in cells a step; with two textures, ``mask`` [1, 1, H, W], 1 where the second
    rules.
    """
    g = Graph()
    g.constant("pads", [0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    g.constant("filters", np.tile(FILTERS.numpy(), (CHANNELS, 1, 1))[:, None])
    g.add("Pad", ["state", "pads"], "padded", mode="wrap")
    g.add("Conv", ["padded", "filters"], "seen", group=CHANNELS)
    for suffix in ("", "_2")[:textures]:
        for name, shape in WEIGHT_SHAPES.items():
            g.external(name + suffix, shape)
        g.add("Conv", ["seen", f"sense{suffix}", f"bias{suffix}"], f"hidden{suffix}")
        g.add("Relu", [f"hidden{suffix}"], f"active{suffix}")
        g.add("Conv", [f"active{suffix}", f"act{suffix}"], f"change{suffix}")
    change = "change"
    if textures == 2:
        g.add("Sub", ["change_2", "change"], "difference")
        g.add("Mul", ["difference", "mask"], "share")
        change = g.add("Add", ["change", "share"], "changes")
    # The flow carries the pattern along: minus speed times slope. The slopes are there already, among what is seen.
    g.constant("axis", [1], np.int64)
    g.constant("end", [CHANNELS * len(FILTERS)], np.int64)
    g.constant("every", [len(FILTERS)], np.int64)
    g.constant("slowest", -FASTEST)
    g.constant("fastest", FASTEST)
    g.add("MatMul", ["flow_rows", "flow_columns"], "speeds")
    g.add("Clip", ["speeds", "slowest", "fastest"], "flow")
    g.constant("unsqueeze", [1], np.int64)
    g.add("Unsqueeze", ["flow", "unsqueeze"], "flows")
    g.add("Split", ["flows"], "unused", num_outputs=2)
    g.nodes[-1].output[:] = ["flow_x", "flow_y"]
    # Lax and Wendroff's term keeps that stable: half the squared speed times the curvature, as for each four times what
    # the Laplacian filter sees.
    g.constant("first", [0], np.int64)
    g.constant("minus_two", -2.0)
    g.add("ReduceSumSquare", ["flows", "first"], "squares", keepdims=1)
    g.add("Mul", ["squares", "minus_two"], "flow_steady")
    for index, direction in ((1, "x"), (2, "y"), (3, "steady")):
        g.constant(f"start_{direction}", [index], np.int64)
        g.add("Slice", ["seen", f"start_{direction}", "end", "axis", "every"], f"slope_{direction}")
        g.add("Mul", [f"slope_{direction}", f"flow_{direction}"], f"carried_{direction}")
    g.add("Add", ["carried_x", "carried_y"], "carried_off")
    g.add("Add", ["carried_off", "carried_steady"], "carried")
    g.add("Sub", [change, "carried"], "moved")
    g.add("Mul", ["moved", "pace"], "paced")
    g.add("Add", ["state", "paced"], "free")
    g.constant("low", -LIMIT)
    g.constant("high", LIMIT)
    g.add("Clip", ["free", "low", "high"], "next")
    f = TensorProto.FLOAT
    inputs = [
        ("state", f, [1, CHANNELS, "h", "w"]), ("pace", f, []),
        ("flow_rows", f, [2, "h", "k"]), ("flow_columns", f, [2, "k", "w"]),
    ]  # fmt: skip
    if textures == 2:
        inputs.append(("mask", f, [1, 1, "h", "w"]))
    return g.model("step", inputs, [("next", f, [1, CHANNELS, "h", "w"])])


def paint_graph() -> onnx.ModelProto:
    """The state's picture, ``frame`` uint8 [height, width, 3], and ``level``, the mean size of the state's numbers.

    Inputs: ``size``, int64 1, 3, height, width; ``light_rows`` [2, height, K] and ``light_columns`` [2, K, width], of
    which the products say where the call's and the answer's notes shine, 0–1: the colours there turn round the wheel,
    in opposite directions, and brighten; ``gain`` (1 is as learnt); ``colours`` [3, 3, 1, 1], a matrix to multiply the
    colours with.
    """
    g = Graph()
    for name, value in (("from", [0]), ("to", [3]), ("channel", [1])):
        g.constant(name, value, np.int64)
    g.add("Slice", ["state", "from", "to", "channel"], "coloured")
    g.add("Resize", ["coloured", "", "", "size"], "resized", mode="linear")
    g.constant("half", 0.5)
    g.add("Add", ["resized", "half"], "raised")
    g.constant("zero", 0.0)
    g.constant("one", 1.0)
    g.add("Clip", ["raised", "zero", "one"], "rgb")
    g.constant("turned_call", [2, 0, 1], np.int64)
    g.constant("turned_answer", [1, 2, 0], np.int64)
    g.add("MatMul", ["light_rows", "light_columns"], "lights")
    g.add("Clip", ["lights", "zero", "one"], "light")
    g.add("Split", ["light"], "unused", axis=0, num_outputs=2)
    g.nodes[-1].output[:] = ["light_call", "light_answer"]
    g.constant("boost", 0.45)
    total = "rgb"
    for voice in ("call", "answer"):
        g.add("Gather", ["rgb", f"turned_{voice}"], f"turn_{voice}", axis=1)
        g.add("Sub", [f"turn_{voice}", "rgb"], f"shift_{voice}")
        g.add("Mul", [f"shift_{voice}", f"light_{voice}"], f"tint_{voice}")
        total = g.add("Add", [total, f"tint_{voice}"], f"with_{voice}")
    g.add("Conv", [total, "colours"], "toned")
    g.add("Add", ["light_call", "light_answer"], "shine")
    g.add("Mul", ["shine", "boost"], "boosted")
    g.add("Add", ["boosted", "gain"], "exposure")
    g.constant("white", 255.0)
    g.add("Mul", ["exposure", "white"], "scale")
    g.add("Mul", ["toned", "scale"], "exposed")
    g.add("Clip", ["exposed", "zero", "white"], "bytes")
    g.add("Cast", ["bytes"], "small", to=TensorProto.UINT8)
    g.add("Transpose", ["small"], "interleaved", perm=[0, 2, 3, 1])
    g.constant("first", [0], np.int64)
    g.add("Squeeze", ["interleaved", "first"], "frame")
    g.add("Abs", ["state"], "sizes")
    g.add("ReduceMean", ["sizes"], "level", keepdims=0)
    f = TensorProto.FLOAT
    inputs = [
        ("state", f, [1, CHANNELS, "h", "w"]), ("size", TensorProto.INT64, [4]),
        ("light_rows", f, [2, "height", "k"]), ("light_columns", f, [2, "k", "width"]),
        ("gain", f, []), ("colours", f, [3, 3, 1, 1]),
    ]  # fmt: skip
    return g.model("paint", inputs, [("frame", TensorProto.UINT8, ["height", "width", 3]), ("level", f, [])])


def write(folder: Path) -> None:
    """Write step.onnx, blend.onnx and paint.onnx."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, model in (("step", step_graph(1)), ("blend", step_graph(2)), ("paint", paint_graph())):
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
