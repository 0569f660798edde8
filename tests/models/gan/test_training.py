"""The GAN learns a handful of drawn pictures, or a drawn film, and its graphs compute what torch does."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
pytest.importorskip("onnx", reason="onnx is not installed: pip install 'antiphon[torch]'")

from bridge.__main__ import main  # noqa: E402
from models.gan.declaration import Gan  # noqa: E402
from models.gan.training.graph import write  # noqa: E402
from models.gan.training.network import LAYERS, STEPS, Generator, Z  # noqa: E402
from models.gan.training.train import Settings, Training, augmented  # noqa: E402
from models.latent import space  # noqa: E402
from models.latent.session import session  # noqa: E402
from models.latent.training.coding import decode_plain  # noqa: E402

FAST = ["--batch", "4", "--first", "8", "--samples", "16"]
"""With a discriminator for the last two steps."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def picture(number: int) -> np.ndarray:
    """A disc that goes round, [64, 80, 3]."""
    y, x = np.mgrid[0:64, 0:80]
    angle = 2 * np.pi * number / 24
    inside = np.hypot(y - 32 - 14 * np.sin(angle), x - 40 - 14 * np.cos(angle)) < 10
    return np.where(inside[..., None], (240, 90, 30), (20, 30, 90)).astype(np.uint8)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "deeper").mkdir()
    for number in range(12):
        Image.fromarray(picture(2 * number)).save(folder / "deeper" / f"{number}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("nor this")
    return folder


def test_a_folder_of_ones_own_is_learnt_and_gone_on_with(pictures, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["train", "gan", "--data", str(pictures), "--out", str(out), *FAST]
    assert main(command) == 0
    assert "left out broken.jpg" in capsys.readouterr().out
    with Image.open(out / "sheet.png") as sheet:
        assert sheet.size == (1024, 640)
    assert main(command) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main([*command, "--resume", "--samples", "20"]) == 0
    assert torch.load(out / "checkpoint.pt", weights_only=True)["seen"] == 20
    params = {name: param.default for name, param in Gan.params().items()}
    painter = Gan.load(64, 64, {"folder": str(out)})
    from models.contract import Moment

    frame = painter.render(Moment(0.0, 0.0, 120.0, 4, ()), params)
    assert frame.shape == (64, 64, 3) and not painter.footage


def test_footage_teaches_its_walk(tmp_path):
    av = pytest.importorskip("av")
    film = tmp_path / "film.mp4"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("mpeg4", rate=24)
        stream.width, stream.height, stream.pix_fmt = 80, 64, "yuv420p"
        for number in range(24):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number), format="rgb24")))
        container.mux(stream.encode(None))
    out = tmp_path / "out"
    assert main(["train", "gan", "--data", str(film), "--out", str(out), *FAST]) == 0
    painter = Gan.load(64, 64, {"folder": str(out)})
    assert painter.footage and len(painter.points) == 24
    steps = np.linalg.norm(np.diff(painter.points, axis=0), axis=1)
    apart = np.linalg.norm(painter.points[0] - painter.points[12])
    assert steps.max() < apart, "frames that follow each other lie near each other"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: None, "neither a folder of pictures nor a film"),
        (lambda path: path.mkdir(), "has 0 pictures"),
        (lambda path: path.write_bytes(b"no film"), "cannot be read"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_in_words(make, reason, tmp_path, capsys):
    make(tmp_path / "data")
    assert main(["train", "gan", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "out")]) == 2
    assert reason in capsys.readouterr().err


def test_frames_come_to_look_like_the_footage():
    latents = torch.from_numpy(np.stack([space.encode(picture(2 * n)) for n in range(12)]))
    training = Training(latents, True, Settings(first=10_000, samples=10_000, batch=12, widths=(24, 24, 24, 16, 16, 8)))
    lost = [training.step()["kept"] for _ in range(120)]
    assert np.mean(lost[-10:]) < 0.6 * np.mean(lost[:10])


def test_the_discriminator_tells_pictures_from_noise():
    latents = torch.from_numpy(np.stack([space.encode(picture(2 * n)) for n in range(12)]))
    training = Training(latents, False, Settings(first=0, batch=8, widths=(24, 24, 24, 16, 16, 8)))
    judged = [training.step()["judged"] for _ in range(12)]
    assert np.mean(judged[-3:]) < 0.7 * judged[0]


def test_augmented_pictures_stay_pictures():
    shown = decode_plain(torch.from_numpy(np.stack([space.encode(picture(n)) for n in range(20)])))
    random = torch.Generator().manual_seed(0)
    seen = augmented(shown, random)
    assert seen.shape == shown.shape and torch.isfinite(seen).all()
    empty = (seen == 0).all(1).float().mean((1, 2))  # what was moved away and the hole
    assert (empty < 0.5).all() and (empty > 0).any()
    assert not torch.allclose(seen, augmented(shown, random))


@pytest.mark.parametrize("wide", [1, 2])
def test_the_graphs_compute_the_same(wide, tmp_path):
    torch.manual_seed(0)
    generator = Generator(widths=(32, 24, 24, 16, 16, 8)).eval()
    torch.nn.init.normal_(generator.synthesis.strength)
    write(generator, torch.randn(9, Z), False, tmp_path)
    z, w = torch.randn(2, Z), torch.randn(1, LAYERS, Z)
    noises = [torch.randn(1, 1, 4 * step, 4 * step * wide) for step in STEPS]
    with torch.no_grad():
        mapped, latent = generator.mapping(z), generator.synthesis(w, noises)
    (ours,) = session(tmp_path / "mapping.onnx").run(None, {"z": z.numpy()})
    assert np.allclose(ours, mapped, atol=0.02)
    y: dict[str, np.ndarray] = {}
    for number in range(LAYERS):
        feed = y | {"w": w[:, number].numpy()}
        if number < len(noises):
            feed["noise"] = noises[number].numpy()
        y = {"x": session(tmp_path / f"layer{number}.onnx").run(None, feed)[0]}
    ours = y["x"]
    assert ours.shape == (1, 24, 16, 16 * wide) and np.allclose(ours, latent, atol=0.05 * float(latent.std()) + 0.02)


def test_the_log_is_lines_of_json(pictures, tmp_path):
    assert main(["train", "gan", "--data", str(pictures), "--out", str(tmp_path), *FAST, "--samples", "200"]) == 0
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines and lines[0]["seen"] == 200 and "judged" in lines[0]
