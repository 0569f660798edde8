"""Writes what the painter needs: ``python -m models.text_to_image.training.graph DATA DIR``, of both stages in DIR."""

from __future__ import annotations

import sys
from pathlib import Path

import onnx
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from models.latent.space import CHANNELS, GRID, SMALL
from models.latent.training.coding import encode
from models.latent.training.graph import export, halve

from .captions import STYLE, Pictures
from .components import remember
from .network import OBJECTS, SCENES, WORD, Bases, Paint, TextToImage


class Layers(nn.Module):
    """From coefficients to a sketch for a canvas of any size.

    ``grid`` [1, h, w, 2] tells for each point of the canvas at a quarter of its size where in the emoji's layer it
    looks, in ±1. ``source`` [1, 3, h, w] takes the place of what is behind as far as ``shown`` is below 1.
    """

    def __init__(self, bases: Bases) -> None:
        super().__init__()
        self.bases = bases

    def forward(
        self, objects: Tensor, scenes: Tensor, grid: Tensor, source: Tensor, shown: Tensor
    ) -> tuple[Tensor, Tensor]:
        emoji = functional.grid_sample(self.bases.emoji(objects), grid, align_corners=False)
        behind = functional.interpolate(
            self.bases.behind(scenes), size=source.shape[2:], mode="bilinear", align_corners=False
        )
        behind = source + (behind - source) * shown
        latent = encode(emoji[:, :3] + (1 - emoji[:, 3:]) * behind)
        return latent, functional.pixel_unshuffle(functional.avg_pool2d(emoji[:, 3:], 2), 2)


def recall_graph(recall: nn.Module) -> onnx.ModelProto:
    inputs = {"subject": torch.zeros(1, WORD), "setting": torch.zeros(1, WORD), "style": torch.zeros(1, STYLE)}
    return halve(export(recall, inputs, ["objects", "scenes"], {}))


def layers_graph(bases: Bases) -> onnx.ModelProto:
    inputs = {
        "objects": torch.zeros(1, OBJECTS), "scenes": torch.zeros(1, SCENES), "grid": torch.zeros(1, SMALL, SMALL, 2),
        "source": torch.zeros(1, 3, SMALL, SMALL), "shown": torch.ones(()),
    }  # fmt: skip
    free = {"grid": {1: "h", 2: "w"}, "source": {2: "h", 3: "w"}}
    return halve(export(Layers(bases), inputs, ["sketch", "opacity"], free))


def paint_graph(paint: Paint) -> onnx.ModelProto:
    latent = torch.zeros(1, CHANNELS, GRID, GRID)
    inputs = {"noised": latent, "share": torch.ones(1), "sketch": latent, "opacity": torch.zeros(1, 4, GRID, GRID)}
    free = {name: {2: "rows", 3: "columns"} for name in ("noised", "sketch", "opacity")}
    return halve(export(paint, inputs, ["latent"], free))


def write(model: TextToImage, words: tuple[str, ...], out: Path) -> None:
    """The three graphs and ``words.safetensors``, which holds the words' vectors and, as its metadata, the words."""
    out.mkdir(parents=True, exist_ok=True)
    onnx.save(recall_graph(model.recall), out / "recall.onnx")
    onnx.save(layers_graph(model.bases), out / "layers.onnx")
    onnx.save(paint_graph(model.paint), out / "paint.onnx")
    save_file({"table": model.said.table.weight.detach().half()}, out / "words.safetensors", {"words": " ".join(words)})


def assembled(pictures: Pictures, trained: Path) -> TextToImage:
    """The newest of both stages, with the components of the pictures, which follow from them without training.

    So their number may be another than the stages were trained with.
    """
    words = pictures.vocabulary()
    model = TextToImage(len(words), len(pictures.objects) + len(pictures.flags), len(pictures.scenes))
    model.load_state_dict(_learnt(trained / "recall.pt", ("said.", "recall.")), strict=False)
    model.load_state_dict(_learnt(trained / "paint.pt", ("paint.",)), strict=False)
    choices = [memory.choices.detach().clone() for memory in (model.recall.objects, model.recall.scenes)]
    remember(model, pictures)
    with torch.no_grad():
        for memory, learnt in zip((model.recall.objects, model.recall.scenes), choices, strict=True):
            memory.choices.copy_(learnt)
    return model


def _learnt(checkpoint: Path, parts: tuple[str, ...]) -> dict[str, Tensor]:
    """What a checkpoint says of the parts, but for what the pictures' components are kept in."""
    state = torch.load(checkpoint, weights_only=True)["average"]
    return {k: v for k, v in state.items() if k.startswith(parts) and not k.endswith(("_values", "_scale"))}


def main() -> None:
    pictures = Pictures(Path(sys.argv[1]))
    model = assembled(pictures, Path(sys.argv[2]))
    write(model, pictures.vocabulary().words, Path(__file__).parents[2] / "weights" / "text_to_image")


if __name__ == "__main__":
    main()
