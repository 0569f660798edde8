"""Text-to-image learns a handful of drawn pictures, and what it writes the painter's graphs compute alike."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'antiphon[torch]'")

import small_pictures  # noqa: E402

from models.latent.session import session  # noqa: E402
from models.latent.training.decoder import Decoder  # noqa: E402
from models.latent.training.decoder import main as train_decoder  # noqa: E402
from models.latent.training.graph import decoder_graph  # noqa: E402
from models.text_to_image.training.__main__ import main as train  # noqa: E402
from models.text_to_image.training.captions import STYLE, Captions, Pictures, composed  # noqa: E402
from models.text_to_image.training.graph import write  # noqa: E402
from models.text_to_image.training.network import TextToImage, sketched  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.set_flush_denormal(False)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return small_pictures.write(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("trained")
    where = ["--data", str(data), "--out", str(out)]
    train([*where, "--stage", "recall", "--samples", "20480", "--batch", "256", "--rate", "0.01"])
    train([*where, "--stage", "paint", "--samples", "64", "--batch", "16"])
    return out


@pytest.fixture(scope="module")
def model(data, trained) -> tuple[TextToImage, Captions]:
    pictures = Pictures(data)
    captions = Captions(pictures, pictures.vocabulary(), seed=0)
    network = TextToImage(len(captions.vocabulary), 4, 3)
    network.load_state_dict(torch.load(trained / "paint.pt", weights_only=True)["average"])
    return network.eval(), captions


def test_captions_mean_what_they_say(data):
    pictures = Pictures(data)
    captions = Captions(pictures, pictures.vocabulary(), seed=1)
    drawn = captions.draw(64)
    shown = composed(pictures, drawn)
    assert shown.shape == (64, 3, 64, 64) and shown.min() >= 0 and shown.max() <= 1
    discs = [i for i in range(64) if drawn.objects[i] == 0]
    assert discs and all(shown[i, 0, 32, 32] > 0.8 and shown[i, 1, 32, 32] < 0.2 for i in discs)


def test_it_paints_what_was_asked_for(model):
    network, captions = model
    colours = {"red disc": 0, "green stripe": 1, "blue square": 2}
    said = [captions.vocabulary.read(text) for text in colours]
    with torch.no_grad():
        emoji, _ = network.layers([a for a, _ in said], [b for _, b in said], torch.zeros(3, STYLE))
    for layers, channel in zip(emoji, colours.values(), strict=True):
        assert layers[:3, 32, 32].argmax() == channel and layers[3, 32, 32] > 0.8
        assert layers[3, :4].max() < 0.2, "clear at the margin"


def test_a_training_goes_on(data, trained, capsys):
    train(["--data", str(data), "--out", str(trained), "--stage", "paint", "--samples", "96", "--batch", "16"])
    assert torch.load(trained / "paint.pt", weights_only=True)["seen"] == 96
    assert (trained / "paint.png").exists() and "done" in capsys.readouterr().out


def test_the_graphs_compute_the_same(model, tmp_path):
    network, captions = model
    write(network, captions.vocabulary.words, tmp_path)
    subject, setting = captions.vocabulary.read("red disc in the forest")
    style = torch.randn(1, STYLE, generator=torch.Generator().manual_seed(0))
    axes = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1.75, 1.75, 112), indexing="ij")
    grid = torch.stack(axes[::-1], -1)[None]
    source = torch.rand(1, 3, 64, 112)
    noise, share = torch.randn(1, 24, 16, 28), torch.tensor([0.7])
    with torch.no_grad():
        words = network.said([subject]), network.said([setting])
        objects, scenes = network.recall(*words, style)
        emoji = torch.nn.functional.grid_sample(network.bases.emoji(objects), grid, align_corners=False)
        behind = torch.nn.functional.interpolate(network.bases.behind(scenes), size=(64, 112), mode="bilinear")
        sketch, opacity = sketched(emoji, 0.6 * behind + 0.4 * source)
        latent = network.paint(noise, share, sketch, opacity)
    run = {name: session(tmp_path / f"{name}.onnx").run for name in ("recall", "layers", "paint")}
    feed = {"subject": words[0], "setting": words[1], "style": style}
    ours = run["recall"](None, {name: value.numpy() for name, value in feed.items()})
    assert np.allclose(ours[0], objects, atol=0.02) and np.allclose(ours[1], scenes, atol=0.02)
    feed = {"objects": objects, "scenes": scenes, "grid": grid, "source": source, "shown": torch.tensor(0.6)}
    ours = run["layers"](None, {name: value.numpy() for name, value in feed.items()})
    assert np.allclose(ours[0], sketch, atol=0.02) and np.allclose(ours[1], opacity, atol=0.02)
    feed = {"noised": noise, "share": share, "sketch": sketch, "opacity": opacity}
    (ours,) = run["paint"](None, {name: value.numpy() for name, value in feed.items()})
    assert np.allclose(ours, latent, atol=0.02)


def test_the_decoder_learns_and_its_graph_gives_bytes_of_any_size(data, tmp_path):
    train_decoder(["--data", str(data), "--out", str(tmp_path), "--samples", "32", "--batch", "8"])
    decoder = Decoder()
    decoder.load_state_dict(torch.load(tmp_path / "decoder.pt", weights_only=True)["average"])
    (tmp_path / "decoder.onnx").write_bytes(decoder_graph(decoder).SerializeToString())
    latents = 0.5 * torch.randn(1, 24, 16, 28)
    with torch.no_grad():
        expected = decoder(latents)[0].clamp(0, 1).mul(255).permute(1, 2, 0).numpy()
    run = session(tmp_path / "decoder.onnx").run
    feed = {"latents": latents.numpy(), "gain": np.array(1, np.float32), "colours": np.eye(3, dtype=np.float32)}
    (frame,) = run(None, feed | {"size": np.array([256, 448])})
    assert frame.shape == (256, 448, 3) and np.abs(frame - expected).max() < 2
    (frame,) = run(None, feed | {"size": np.array([101, 203])})
    assert frame.shape == (101, 203, 3) and frame.dtype == np.uint8
