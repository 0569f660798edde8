"""The predictor that continues melodies: its numpy against torch's, its draws, its files; a training of a few steps."""

import json
from pathlib import Path

import numpy as np
import pytest
from midi_songs import melody_song
from safetensors.numpy import load_file, save_file

from models import music_vae
from models.music_vae import melody
from models.music_vae.continuation import KIND, Continuation

Z = 12
KNOWN = np.array([1, 0, 1, 1, 0, 1, 1, 0, 0, 1, 1, 0], np.float16)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small predictor with drawn weights."""
    rng = np.random.default_rng(0)
    count, units, width, new = int(KNOWN.sum()), 6, 8, 3
    shapes = {
        "gru/input/kernel": (count, 3 * units),
        "gru/input/bias": (3 * units,),
        "gru/recurrent": (units, 3 * units),
        "gru/recurrent_bias": (3 * units,),
        "lag": (2, 5),
        "again/keep": (count,),
        "again/deviations": (2, count),
    }
    layers = {"key": (units + count, width), "query": (units, width), "again/drift": (units, count)}
    layers |= {"new": (units, new), "new/means": (units, new * count), "new/deviations": (units, new * count)}
    layers |= {"chords/in": (units + 48, 5), "chords/out": (5, units)}
    for name, shape in layers.items():
        shapes |= {f"{name}/kernel": shape, f"{name}/bias": shape[1:]}
    tensors = {name: rng.standard_normal(shape).astype(np.float16) for name, shape in shapes.items()}
    tensors["again/deviations"] = np.repeat(np.array([[0.1], [0.5]], np.float16), count, 1)
    path = tmp_path_factory.mktemp("continuation") / "predictor.safetensors"
    save_file({"known": KNOWN, **tensors}, path, {"kind": KIND})
    return path


def past(segments: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((segments, Z)).astype(np.float32)


def test_the_same_seed_draws_the_same(file: Path) -> None:
    predictor = Continuation(file, Z)
    one, two = (predictor.draw(past(3), 8, 1.0, np.random.default_rng(7)) for _ in range(2))
    assert one.shape == (8, Z)
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, two)
    assert (one != predictor.draw(past(3), 8, 1.0, np.random.default_rng(8))).any()
    assert predictor.next(past(3), np.random.default_rng(7)).shape == (Z,)


def test_what_it_does_not_know_stays_in_the_middle(file: Path) -> None:
    points = Continuation(file).draw(past(2), 16, 1.0, np.random.default_rng(0))
    assert (points[:, KNOWN == 0] == 0).all()
    assert (points[:, KNOWN == 1] != 0).all()


def test_the_mixture_is_one(file: Path) -> None:
    predictor = Continuation(file)
    heard = past(4)
    mixture = predictor.mixture(heard)
    assert np.exp(mixture.logits).sum() == pytest.approx(1.0)
    assert mixture.again == 8
    assert mixture.means.shape == mixture.deviations.shape == (8 + 3, int(KNOWN.sum()))
    np.testing.assert_array_equal(mixture.means[:4], heard[:, KNOWN == 1])
    assert (mixture.deviations > 0).all()


def test_it_looks_back_so_far_and_no_farther(file: Path) -> None:
    predictor = Continuation(file)
    assert predictor.longest == 5
    heard = past(9)
    forgotten = np.concatenate([past(4, seed=5), heard[4:]])
    np.testing.assert_array_equal(predictor.mixture(heard).means, predictor.mixture(forgotten).means)


def test_chords_change_what_comes_next_where_they_are_known(file: Path, tmp_path: Path) -> None:
    predictor = Continuation(file)
    plain = predictor.mixture(past(3))
    over = predictor.mixture(past(3), [1, 1, 8, 0])
    assert (over.logits != plain.logits).any()
    assert (over.means != predictor.mixture(past(3), [1, 1, 20, 0]).means).any()
    np.testing.assert_array_equal(predictor.mixture(past(3), [0, 0, 0, 0]).means, plain.means)
    one, other = (predictor.draw(past(3), 4, 1.0, np.random.default_rng(7), c) for c in ([1, 1, 8, 0], None))
    assert (one != other).any()
    for wrong in ([1, 1], [49, 0, 0, 0], [0.5, 0, 0, 0]):
        with pytest.raises(ValueError, match=r"chords must be 4 classes 0..48, got"):
            predictor.mixture(past(3), wrong)
    older = {name: value for name, value in load_file(file).items() if not name.startswith("chords/")}
    save_file(older, tmp_path / "older.safetensors", {"kind": KIND})
    unmoved = Continuation(tmp_path / "older.safetensors").mixture(past(3), [1, 1, 8, 0])
    np.testing.assert_array_equal(unmoved.means, plain.means)


def test_temperature_says_how_far_it_goes(file: Path) -> None:
    predictor = Continuation(file)

    def spread(temperature: float) -> float:
        return float(predictor.draw(past(3), 64, temperature, np.random.default_rng(0)).std(0).mean())

    assert spread(0.0) < 1e-6
    assert spread(0.0) < spread(0.5) < spread(2.0)
    middle = predictor.draw(past(3), 1, 0.0, np.random.default_rng(0))[0]
    mixture = predictor.mixture(past(3))
    np.testing.assert_allclose(middle[KNOWN == 1], mixture.means[mixture.logits.argmax()], rtol=1e-5)


@pytest.mark.parametrize(
    ("heard", "count", "temperature", "rule"),
    [
        (np.zeros((0, Z)), 1, 1.0, "past must be finite, of shape"),
        (np.zeros((2, Z + 1)), 1, 1.0, "past must be finite, of shape"),
        (np.full((2, Z), np.nan), 1, 1.0, "past must be finite, of shape"),
        (np.zeros((2, Z)), 0, 1.0, "count must be 1 or more"),
        (np.zeros((2, Z)), 1, -1.0, "temperature must be 0 or more"),
        (np.zeros((2, Z)), 1, float("nan"), "temperature must be 0 or more"),
    ],
)
def test_what_cannot_be_is_refused(file: Path, heard: np.ndarray, count: int, temperature: float, rule: str) -> None:
    with pytest.raises(ValueError, match=rule):
        Continuation(file).draw(heard, count, temperature, np.random.default_rng(0))


def test_files_of_another_kind_are_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        Continuation(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights")
    with pytest.raises(ValueError, match="not a safetensors file"):
        Continuation(tmp_path / "text.safetensors")
    tensors = load_file(file)
    save_file(tensors, tmp_path / "other.safetensors", {"kind": "other"})
    with pytest.raises(ValueError, match="kind must be continuation"):
        Continuation(tmp_path / "other.safetensors")
    for name in sorted(tensors.keys() - {"chords/in/kernel"}):  # without it the file is one that hears no chords
        save_file({k: v for k, v in tensors.items() if k != name}, tmp_path / "less.safetensors", {"kind": KIND})
        with pytest.raises(ValueError, match=r"less\.safetensors: .*no "):
            Continuation(tmp_path / "less.safetensors")
    save_file(tensors | {"lag": np.full((2, 5), np.nan, np.float16)}, tmp_path / "nan.safetensors", {"kind": KIND})
    with pytest.raises(ValueError, match="must be finite"):
        Continuation(tmp_path / "nan.safetensors")
    with pytest.raises(ValueError, match="the predictor is of 12 latent dimensions, the model has 128"):
        Continuation(file, 128)


def test_torch_learns_what_numpy_plays(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    from models.music_vae.training.continuation import Predictor, Settings

    torch.set_num_threads(1)
    torch.manual_seed(0)
    known = torch.from_numpy(KNOWN == 1)
    model = Predictor(known, Settings(units=8, width=4, new=2, longest=6)).eval()
    for value in model.parameters():
        value.data += 0.2 * torch.randn_like(value)
        value.data = value.data.half().float()
    tensors = model.exported()
    tensors["again/deviations"] = np.exp(model.deviations.detach().numpy())
    save_file({name: np.asarray(value, np.float32) for name, value in tensors.items()}, tmp_path / "p", {"kind": KIND})
    predictor = Continuation(tmp_path / "p")
    heard, target = past(6), past(6, seed=2)
    chords = np.random.default_rng(0).integers(0, 49, (6, 4))
    chords[3] = 0
    with torch.no_grad():
        known_heard, known_target = (torch.from_numpy(z[None, :, KNOWN == 1]) for z in (heard, target))
        densities = model(known_heard, known_target, torch.from_numpy(chords[None]))[0]
        assert float(model(known_heard, known_target)[0, 3]) == pytest.approx(float(densities[3]), abs=1e-5)
    for number in range(6):
        mixture = predictor.mixture(heard[: number + 1], chords[number])
        away = (target[number, KNOWN == 1] - mixture.means) / mixture.deviations
        each = -0.5 * (away**2 + np.log(2 * np.pi)) - np.log(mixture.deviations)
        density = np.logaddexp.reduce(mixture.logits + each.sum(1))
        assert density == pytest.approx(float(densities[number]), abs=1e-3)


def test_it_is_trained_on_a_folder_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch = pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")
    from models.music_vae.training import weights
    from models.music_vae.training.continuation import main
    from models.music_vae.training.network import HParams, MusicVae

    torch.set_num_threads(1)
    torch.manual_seed(0)
    songs, out, vae = tmp_path / "songs", tmp_path / "out", tmp_path / "vae.safetensors"
    model = MusicVae(HParams(8, (16,), (16, 16)))
    for value in model.variables.values():
        value.data = torch.randn_like(value) * 0.3
    weights.write(model, vae)
    songs.mkdir()
    for number in range(10):
        melody_song(songs / f"{number}.mid", number, notes=192)
    (songs / "broken.mid").write_bytes(b"no MIDI at all")
    command = ["train", "--data", str(songs), "--out", str(out), "--melody", str(vae), "--chord-steps", "2"]
    command += ["--steps", "2"]
    assert main(command) == 0
    assert "left out broken.mid" in capsys.readouterr().err
    assert Continuation(out / "continuation.safetensors", 8).longest == 16
    assert main(command) == 2
    assert "add --resume" in capsys.readouterr().err
    assert main([*command, "--chord-steps", "3", "--resume"]) == 0
    assert torch.load(out / "checkpoint.pt", weights_only=True)["step"] == 5
    assert main([*command, "--steps", "3", "--resume"]) == 2
    assert "steps must stay 2 once chords are being learnt, got 3" in capsys.readouterr().err
    started = ["--start", str(out / "continuation.safetensors"), "--out", str(tmp_path / "chords")]
    assert main([*command, *started]) == 0
    one, two = (load_file(folder / "continuation.safetensors") for folder in (out, tmp_path / "chords"))
    assert all(np.array_equal(one[name], two[name]) for name in one if not name.startswith("chords/"))
    judged = ["evaluate", str(out / "continuation.safetensors"), "--data", str(songs), "--melody", str(vae)]
    assert main([*judged, "--positions", "2", "--json", str(out / "figures.json")]) == 0
    figures = json.loads((out / "figures.json").read_text())
    assert set(figures) == {"predictor", "with chords", "repeating", "random z", "similar", "the songs"}
    assert figures["repeating"]["bars_copied"] == 1.0
    assert all(np.isfinite(list(each.values())).all() for each in figures.values())
    assert "| in song key |" in capsys.readouterr().out
    assert main(["train", "--data", str(tmp_path / "none"), "--out", str(out / "b")]) == 2


SHIPPED = Path(__file__).parents[3] / "models" / "weights" / "melody_continuation.safetensors"


def test_the_shipped_predictor_is_small_and_knows_the_shipped_melodies() -> None:
    assert SHIPPED.stat().st_size <= 2e6
    assert "Licence: Apache-2.0" in SHIPPED.with_suffix(".md").read_text("utf-8")
    predictor = Continuation(SHIPPED, 128)
    assert predictor.longest == 16
    assert 40 <= len(predictor.known) <= 90


def test_the_shipped_predictor_expects_what_was_heard_to_come_again() -> None:
    """Of A B A the next is nearer to B than to something unrelated."""
    network = music_vae.from_checkpoint(SHIPPED.with_name("melody_2bar.safetensors"))
    tunes = ([64, 64, 65, 67, 67, 65, 64, 62], [60, 60, 62, 64, 64, 62, 62, 62], [71, 69, 67, 71, 72, 69, 74, 71])
    rows = [melody.encode([(4 * n, 4 * n + 4, pitch) for n, pitch in enumerate(tune)], 32) for tune in tunes]
    z = network.encode(np.eye(melody.CLASSES, dtype=np.float32)[np.array(rows)])[0]
    points = Continuation(SHIPPED, 128).draw(z[[0, 1, 0]], 64, 1.0, np.random.default_rng(0))
    distances = np.linalg.norm(points[:, None] - z, axis=2).mean(0)
    assert distances[1] < distances[2]
