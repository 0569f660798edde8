"""What the painter reads: ``mapping.onnx``, ``synthesis.onnx``, and ``points.safetensors``, where the pictures lie."""

from __future__ import annotations

from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.latent.training.graph import export, halve

from .network import LAYERS, STEPS, Generator, Synthesis, Z, noise

POINTS = 64
"""Of the walk of footage, or of pictures that are kept to walk between, at the most."""


class _Synthesis(nn.Module):
    """The synthesis with its noises as single inputs."""

    def __init__(self, synthesis: Synthesis) -> None:
        super().__init__()
        self.synthesis = synthesis

    def forward(self, w: Tensor, *noises: Tensor) -> Tensor:
        return self.synthesis(w, noises)


def mapping_graph(generator: Generator) -> onnx.ModelProto:
    return halve(export(generator.mapping, {"z": torch.zeros(1, Z)}, ["w"], {"z": {0: "count"}}))


def synthesis_graph(generator: Generator) -> onnx.ModelProto:
    inputs = {"w": torch.zeros(1, LAYERS, Z)} | {f"noise{i}": value for i, value in enumerate(noise(1))}
    free = {f"noise{i}": {2: f"rows{step}", 3: f"columns{step}"} for i, step in enumerate(STEPS)}
    return halve(export(_Synthesis(generator.synthesis), inputs, ["latent"], free))


def write(generator: Generator, anchors: Tensor, moving: bool, out: Path) -> None:
    """Write the three files. Of footage the points are its walk, smoothed, in order."""
    onnx.save(mapping_graph(generator), out / "mapping.onnx")
    onnx.save(synthesis_graph(generator), out / "synthesis.onnx")
    points = anchors
    if moving and len(points) > 9:
        points = nn.functional.avg_pool1d(points.T[None], 5, 1, 2, count_include_pad=False)[0].T
    points = points[torch.linspace(0, len(points) - 1, min(POINTS, len(points))).long()]
    with torch.no_grad():
        middle = generator.mapping(anchors).mean(0)
    tensors = {"points": points.half(), "middle": middle}
    save_file(
        {k: v.contiguous() for k, v in tensors.items()}, out / "points.safetensors", {"footage": str(int(moving))}
    )
