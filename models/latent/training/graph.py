"""Networks as ONNX graphs, their weights in half precision: ``python -m models.latent.training.graph DIR`` the decoder.

onnxruntime computes in single precision; what is stored as half is widened when a session is made.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS, GRID

from .decoder import Decoder

OPSET = 19
SMALL = 64
"""Weights of fewer numbers stay in single precision."""


class Frames(nn.Module):
    """The decoder with what follows: light, colours, the size in pixels, bytes."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, latents: Tensor, gain: Tensor, colours: Tensor) -> Tensor:
        return functional.conv2d(self.decoder(latents) * gain, colours[:, :, None, None])


def export(
    network: nn.Module, inputs: Mapping[str, Tensor], outputs: Sequence[str], free: Mapping[str, Mapping[int, str]]
) -> onnx.ModelProto:
    """The network as a graph; ``free`` names the axes whose length is not fixed."""
    file = io.BytesIO()
    network.eval()  # torch's Module.eval: layers behave as at inference; it evaluates no text
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # that this way of exporting is the older one; the newer needs onnxscript
        torch.onnx.export(
            network, tuple(inputs.values()), file, dynamo=False, opset_version=OPSET, do_constant_folding=False,
            input_names=list(inputs), output_names=list(outputs), dynamic_axes={k: dict(v) for k, v in free.items()},
        )  # fmt: skip
    return onnx.load_from_string(file.getvalue())


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store all large weights in half precision, widened by the graph itself."""
    graph = model.graph
    casts = []
    for tensor in list(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALL:
            continue
        half = numpy_helper.from_array(values.astype(np.float16), f"{tensor.name}_half")
        graph.initializer.remove(tensor)
        graph.initializer.append(half)
        casts.append(helper.make_node("Cast", [half.name], [tensor.name], to=TensorProto.FLOAT))
    for node in reversed(casts):
        graph.node.insert(0, node)
    onnx.checker.check_model(model)
    return model


def to_bytes(model: onnx.ModelProto) -> onnx.ModelProto:
    """Let a graph whose output is pictures [1, 3, h, w] in 0..1 resize them to an input ``size`` and give uint8 HWC."""
    graph = model.graph
    picture = graph.output[0].name

    def constant(name: str, values: object, dtype: type) -> str:
        graph.initializer.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    front = constant("one_three", [1, 3], np.int64)
    graph.node.extend([
        helper.make_node("Concat", [front, "size"], ["shape"], axis=0),
        helper.make_node("Resize", [picture, "", "", "shape"], ["resized"], mode="linear"),
        helper.make_node("Mul", ["resized", constant("full", 255.0, np.float32)], ["wide"]),
        helper.make_node("Clip", ["wide", constant("least", 0.0, np.float32), "full"], ["held"]),
        helper.make_node("Round", ["held"], ["whole"]),
        helper.make_node("Cast", ["whole"], ["bytes"], to=TensorProto.UINT8),
        helper.make_node("Transpose", ["bytes"], ["last"], perm=[0, 2, 3, 1]),
        helper.make_node("Squeeze", ["last", constant("first", [0], np.int64)], ["frame"]),
    ])  # fmt: skip
    graph.input.append(helper.make_tensor_value_info("size", TensorProto.INT64, [2]))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info("frame", TensorProto.UINT8, ["height", "width", 3]))
    onnx.checker.check_model(model)
    return model


def decoder_graph(decoder: Decoder) -> onnx.ModelProto:
    inputs = {"latents": torch.zeros(1, CHANNELS, GRID, GRID), "gain": torch.ones(()), "colours": torch.eye(3)}
    free = {"latents": {2: "rows", 3: "columns"}}
    return to_bytes(halve(export(Frames(decoder), inputs, ["picture"], free)))


def main() -> None:
    """Write the decoder of a training's checkpoint where the models look for it."""
    out = Path(__file__).parents[2] / "weights" / "latent"
    out.mkdir(parents=True, exist_ok=True)
    decoder = Decoder()
    decoder.load_state_dict(torch.load(Path(sys.argv[1]) / "decoder.pt", weights_only=True)["average"])
    onnx.save(decoder_graph(decoder), out / "decoder.onnx")


if __name__ == "__main__":
    main()
