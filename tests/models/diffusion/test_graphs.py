"""Replaying a network by shapes; the capture on a GPU itself is not tried here."""

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch
from torch import Tensor

from models.diffusion.graphs import KEPT, GraphedUNet, Graphs


def double(one: Tensor, other: Tensor | None = None) -> Tensor:
    return 2 * one if other is None else 2 * one + other


class Recorder:
    """Captures as CUDA does: inputs and output stay where they are."""

    def __init__(self) -> None:
        self.captures = 0

    def __call__(self, network, inputs):
        self.captures += 1
        output = network(*inputs)
        return lambda: output.copy_(network(*inputs)), output


def test_the_same_shapes_are_captured_once() -> None:
    recorder = Recorder()
    graphs = Graphs(double, recorder)
    first = graphs(torch.ones(2), None)
    second = graphs(torch.full((2,), 3.0), None)
    assert (first.tolist(), second.tolist(), recorder.captures) == ([2, 2], [6, 6], 1)
    assert graphs(torch.ones(3), torch.ones(3)).tolist() == [3, 3, 3]
    assert graphs(torch.ones(2, dtype=torch.float64), None).dtype == torch.float64
    assert recorder.captures == 3


def test_old_shapes_are_forgotten() -> None:
    recorder = Recorder()
    graphs = Graphs(double, recorder)
    for size in [*range(1, KEPT + 2), 1]:
        graphs(torch.ones(size), None)
    assert recorder.captures == KEPT + 2


def test_a_network_that_cannot_be_captured_is_called() -> None:
    def refuse(network, inputs):
        raise RuntimeError("operation not permitted when stream is capturing")

    graphs = Graphs(double, refuse)
    assert graphs(torch.ones(1), None).tolist() == [2]
    assert graphs.failed


@pytest.mark.parametrize("kind", ["sd", "lcm", "sdxl"])
def test_a_stream_is_the_same_by_graphs(tiny, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from models.contract import Moment
    from models.diffusion import graphs
    from models.diffusion.declaration import Diffusion
    from models.diffusion.implementation import DiffusionPainter
    from models.diffusion.loading import Loaded

    monkeypatch.setattr(graphs, "captured", Recorder())
    params = {name: param.default for name, param in Diffusion.params().items()}
    params |= {"guidance": 1.5, "guidance_mode": "full"}
    plain, graphed = (DiffusionPainter.of(Loaded(tiny(kind=kind), kind), 32, 32) for _ in range(2))
    graphed._stream.unet = GraphedUNet(tiny(kind=kind).unet)
    for frame in range(3):
        moment = Moment(frame / 10, frame / 5, 120.0, 4, ())
        assert (plain.render(moment, params) == graphed.render(moment, params)).all()
