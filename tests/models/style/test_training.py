"""The parts of training a style that do not need the weights of VGG16, and with random ones that it learns at all."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
pytest.importorskip("scipy", reason="scipy is not installed: it draws what is practised on")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'antiphon[torch]'")

from models.style.implementation import GRAPH, StylePainter  # noqa: E402
from models.style.network import Network, read_style  # noqa: E402
from models.style.training import content, graph, learn  # noqa: E402
from models.style.training.network import StyleNetwork  # noqa: E402
from models.texture_ca.training.vgg16 import CONVOLUTIONS  # noqa: E402

WIDTHS = {"1": 4, "2": 4, "3": 8, "4": 8}


def random_vgg() -> dict[str, np.ndarray]:
    rng, arrays, into = np.random.default_rng(0), {}, 3
    for name in CONVOLUTIONS:
        out = WIDTHS[name[0]]
        arrays[f"conv{name}.weight"] = rng.normal(0, (2 / (9 * into)) ** 0.5, (out, into, 3, 3)).astype(np.float32)
        arrays[f"conv{name}.bias"] = np.zeros(out, np.float32)
        into = out
    return arrays


def test_the_shipped_graph_is_the_one_built_here():
    import onnx

    assert graph.build().graph == onnx.load(GRAPH, load_external_data=False).graph


def test_torch_paints_what_the_graph_paints():
    network = Network()
    styler = StyleNetwork({name: torch.from_numpy(value) for name, value in network.convolutions.items()})
    picture = content.pictures(2)[1][:64, :64]
    with torch.no_grad():
        (theirs,) = styler(learn._tensor(picture[None]), torch.from_numpy(network.styles[18]))
    ours = StylePainter(64, 64, threads=1).repaint(picture, network.styles[18])
    assert np.abs(ours - 255 * theirs.permute(1, 2, 0).numpy()).max() <= 1.01


def test_practice_pictures_are_always_the_same_and_of_many_kinds():
    pictures = content.pictures(8)
    assert pictures.shape == (8, 256, 256, 3) and np.array_equal(pictures, content.pictures(8))
    assert min(picture.std() for picture in pictures) > 3


def test_a_style_is_learnt_and_written(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(learn, "PATCH", 32)
    told: list[str] = []
    picture = content.pictures(1, seed=5)[0]
    practice = content.pictures(2)[:, :64, :64]
    out = tmp_path / "mine.safetensors"
    learn.learn(picture, out, random_vgg(), seconds=1.0, practice=practice, report=told.append)
    style = read_style(out)
    assert told and not (np.abs(style - Network().styles) < 1e-6).all(1).any()
    assert out.with_suffix(".png").is_file()


def test_pictures_are_read_and_others_refused(tmp_path: Path):
    Image.fromarray(content.pictures(1)[0]).save(tmp_path / "a.png")
    Image.new("RGBA", (300, 80), (255, 0, 0, 0)).save(tmp_path / "b.png")
    Image.new("RGB", (20, 200)).save(tmp_path / "small.png")
    (tmp_path / "c.txt").write_text("no picture")
    assert learn.read(tmp_path / "b.png").min() == 255
    assert learn.read_folder(tmp_path, 10).shape == (2, 256, 256, 3)
    with pytest.raises(ValueError, match="at least 64 pixels"):
        learn.read(tmp_path / "small.png")
    with pytest.raises(ValueError, match="no picture that can be read"):
        learn.read(tmp_path / "c.txt")
    with pytest.raises(ValueError, match="holds none that can be read"):
        learn.read_folder(tmp_path, 0)
