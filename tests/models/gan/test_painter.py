"""What the painter promises with any generator as training writes it, here one that was never trained; and ours."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'antiphon[torch]'")

from models.contract import Moment, Sounding  # noqa: E402
from models.gan.declaration import Gan  # noqa: E402
from models.gan.implementation import LAYERS, GanPainter  # noqa: E402
from models.gan.training.graph import write  # noqa: E402
from models.gan.training.network import Generator, Z  # noqa: E402
from models.latent import bending  # noqa: E402
from models.stylegan import bending as torch_bending  # noqa: E402

DEFAULTS = {name: param.default for name, param in Gan.params().items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> str:
    out = tmp_path_factory.mktemp("generator")
    torch.manual_seed(0)
    generator = Generator(widths=(32, 24, 24, 16, 16, 8))
    torch.nn.init.constant_(generator.synthesis.strength, 0.2)
    with torch.no_grad():
        generator.synthesis.out.weight.mul_(0.4)
    write(generator, torch.randn(12, Z), False, out)
    return str(out)


def frame(painter: GanPainter, beat: float, *notes: Sounding, **params) -> np.ndarray:
    moment = Moment(time=beat / 2, beat=beat, tempo=120.0, beats_per_bar=4, notes=notes)
    return painter.render(moment, DEFAULTS | {"glow": 0.0} | params).astype(int)


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"lacks points.safetensors.*antiphon train gan"):
        GanPainter(64, 64, str(tmp_path))


def test_what_is_shipped_paints_pictures_of_many_kinds():
    painter = GanPainter(128, 128)
    frames = np.stack([frame(painter, 0.0, path="circle", seed=seed) for seed in range(12)])
    assert (frames.std((1, 2, 3)) > 8).all(), "none is empty"
    apart = [np.abs(one - other).mean() for i, one in enumerate(frames) for other in frames[:i]]
    assert min(apart) > 3 and np.mean(apart) > 25, "and no two are alike"
    brightness = frames.mean((1, 2, 3))
    assert brightness.min() < 80 and brightness.max() > 120, "night skies and days"


@pytest.mark.parametrize("size", [(64, 64), (320, 180), (90, 160)])
def test_paints_any_size(folder, size):
    assert frame(GanPainter(*size, folder), 0.0).shape == (size[1], size[0], 3)


def test_a_walk_closes_after_its_bars(folder):
    painter = GanPainter(64, 64, folder)
    params = {"walk": 2.0, "noise": 0.0}
    frames = [frame(painter, beat, **params) for beat in np.arange(0, 8.5, 0.5)]
    assert np.abs(frames[0] - frames[-1]).max() <= 2
    assert np.abs(frames[0] - frames[8]).mean() > 2


@pytest.mark.parametrize("path", ["points", "circle"])
@pytest.mark.parametrize("space", ["z", "w"])
def test_every_path_moves_and_speed_zero_holds_it(folder, path, space):
    painter = GanPainter(64, 64, folder)
    params = {"path": path, "space": space}
    before = frame(painter, 0.0, **params)
    assert not np.array_equal(before, frame(painter, 1.0, **params))
    held = frame(painter, 1.5, **params, speed=0.0)
    assert np.array_equal(held, frame(painter, 2.0, **params, speed=0.0))


def test_truncation_leads_to_the_mean_picture(folder):
    painter = GanPainter(64, 64, folder)
    means = [frame(painter, 0.0, seed=seed, truncation=0.0, noise=0.0) for seed in (1, 2)]
    assert np.array_equal(*means)
    assert not np.array_equal(means[0], frame(painter, 0.0, seed=1, truncation=1.0, noise=0.0))


def test_layers_are_mixed_from_one_on(folder):
    painter = GanPainter(64, 64, folder)
    steady = {"path": "hold", "noise": 0.0}
    frame(painter, 0.0, path="circle", seed=5)
    own = frame(painter, 0.0, **steady)
    mixed = [frame(painter, 0.0, **steady, mix_from=first) for first in (0, LAYERS - 1, LAYERS)]
    assert np.array_equal(mixed[2], own) and not np.array_equal(mixed[1], own)
    other = frame(painter, 0.0, **steady, mix_from=0, mix_seed=3)
    assert not np.array_equal(mixed[0], other)


def test_noise_is_of_all_layers_or_of_one(folder):
    painter = GanPainter(64, 64, folder)
    steady = {"path": "circle", "speed": 0.0, "noise": 0.0}
    plain = frame(painter, 0.0, **steady | {"noise": 1.0})
    without = [frame(painter, 0.0, **steady, noise_layer=layer) for layer in range(-1, LAYERS - 1)]
    assert all(not np.array_equal(plain, one) for one in without)
    assert not np.array_equal(without[0], without[3])


@pytest.mark.parametrize("kind", ["scale", "rotate", "threshold", "shift"])
def test_a_layer_is_bent(folder, kind):
    painter = GanPainter(64, 64, folder)
    steady = {"path": "circle", "noise": 0.0, "speed": 0.0, "bend": kind, "bend_share": 0.5}
    plain = frame(painter, 0.0, **steady | {"bend": "none"})
    assert np.array_equal(plain, frame(painter, 0.0, **steady, bend_amount=0.0))
    bent = [frame(painter, 0.0, **steady, bend_layer=layer, bend_amount=0.7) for layer in range(LAYERS - 1)]
    assert all(not np.array_equal(plain, one) for one in bent)
    assert not np.array_equal(bent[2], bent[4])


@pytest.mark.parametrize("kind", ["scale", "rotate", "threshold", "shift", "none"])
@pytest.mark.parametrize("amount", [-1.3, 0.4, 2.0])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_bending_is_what_it_is_for_stylegan(kind, amount, share):
    x = np.random.default_rng(0).standard_normal((1, 6, 8, 14)).astype(np.float32)
    ours, theirs = bending.bent(x, kind, amount, share), torch_bending.bent(torch.from_numpy(x), kind, amount, share)
    assert np.allclose(ours, theirs, atol=1e-4)


def test_points_are_saved_and_walked_between(folder):
    painter = GanPainter(64, 64, folder)
    still = {"noise": 0.0, "speed": 0.0}
    kept = []
    for beat in (0.0, 3.0):
        kept.append(frame(painter, beat, path="circle", noise=0.0, walk=4.0))
        painter.act("save", {})
    first = GanPainter(64, 64, folder)
    first._saved = painter._saved
    assert np.array_equal(frame(first, 0.0, path="saved", **still), kept[0])
    painter.act("forget", {})
    for _ in range(64):
        painter.act("save", {})
    with pytest.raises(ValueError, match="at most 64"):
        painter.act("save", {})


def test_the_pad_goes_between_its_corners(folder):
    painter = GanPainter(64, 64, folder)
    still = {"noise": 0.0, "speed": 0.0}
    own = frame(painter, 0.0, pad=True, pad_x=1.0, pad_y=0.0, **still)  # the fourth, a picture of the seed
    kept = frame(painter, 3.0, path="circle", noise=0.0, walk=4.0)
    painter.act("corner", {"number": 1})
    corner, middle, other = (frame(painter, 0.0, pad=True, pad_x=x, pad_y=1 - x, **still) for x in (0.0, 0.5, 1.0))
    assert np.array_equal(corner, kept) and np.array_equal(other, own)
    assert not np.array_equal(middle, corner) and not np.array_equal(middle, own)
    painter.act("forget", {})
    assert not np.array_equal(frame(painter, 0.0, pad=True, pad_x=0.0, pad_y=1.0, **still), kept)


def test_notes_show_and_the_same_gives_the_same(folder):
    note = Sounding(60, 110, "call", 0.0, True)
    first, second = (GanPainter(64, 64, folder) for _ in range(2))
    for beat in (0.0, 0.5):
        assert np.array_equal(frame(first, beat, note), frame(second, beat, note))
    quiet = frame(first, 1.0, speed=0.0)
    assert not np.array_equal(quiet, frame(first, 1.0, note, speed=0.0))
    assert np.array_equal(quiet, frame(first, 1.0, note, speed=0.0, reaction=0.0))
