"""What the painter reads: ``mapping.onnx``, a graph for each layer, and ``points.safetensors`` to walk between."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.latent.training.graph import export, halve

from .network import LAYERS, POINTS, STEPS, Generator, Synthesis, Z, noise


class _Layer(nn.Module):
    """One layer by itself, so that the painter can bend what it gives."""

    def __init__(self, synthesis: Synthesis, number: int) -> None:
        super().__init__()
        self.synthesis, self.number = synthesis, number

    def forward(self, *inputs: Tensor) -> Tensor:
        """``w`` and ``noise`` of the first, ``x``, ``w`` and ``noise`` of the next, ``x`` and ``w`` of the last."""
        if self.number == LAYERS - 1:
            return self.synthesis.last(*inputs)  # type: ignore[no-any-return]
        return self.synthesis.layer(self.number, *((None, *inputs) if self.number == 0 else inputs))  # type: ignore[arg-type]


def mapping_graph(generator: Generator) -> onnx.ModelProto:
    return halve(export(generator.mapping, {"z": torch.zeros(1, Z)}, ["w"], {"z": {0: "count"}}))


def layer_graph(generator: Generator, number: int) -> onnx.ModelProto:
    """The graph of one layer, of any height and width."""
    synthesis, inputs = generator.synthesis, {"w": torch.zeros(1, Z)}
    if number > 0:
        side = 4 * STEPS[number - 1]
        inputs = {"x": torch.zeros(1, synthesis.layers[number - 1].weight.shape[0], side, side)} | inputs  # type: ignore[union-attr,index]
    if number < LAYERS - 1:
        inputs["noise"] = noise(1)[number]
    free = {name: {2: f"rows_{name}", 3: f"columns_{name}"} for name in inputs if name != "w"}
    return halve(export(_Layer(synthesis, number), inputs, ["y"], free))


def write(generator: Generator, anchors: Tensor, moving: bool, out: Path) -> None:
    """Write the files. Of footage the points are its walk, smoothed, in order."""
    onnx.save(mapping_graph(generator), out / "mapping.onnx")
    for number in range(LAYERS):
        onnx.save(layer_graph(generator, number), out / f"layer{number}.onnx")
    points = anchors
    if moving and len(points) > 9:
        points = nn.functional.avg_pool1d(points.T[None], 5, 1, 2, count_include_pad=False)[0].T
    points = points[torch.linspace(0, len(points) - 1, min(POINTS, len(points))).long()]
    with torch.no_grad():
        z = anchors if moving else torch.randn(4096, Z, generator=torch.Generator().manual_seed(0))
        middle = generator.mapping(z).mean(0)
    tensors = {"points": points.half(), "middle": middle}
    save_file(
        {k: v.contiguous() for k, v in tensors.items()}, out / "points.safetensors", {"footage": str(int(moving))}
    )
