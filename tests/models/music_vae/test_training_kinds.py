"""The training of drums, grooves and taps: the players' maths, reading, variations, a few steps each."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")

from midi_songs import drum_song, melody_song  # noqa: E402

from models import music_vae  # noqa: E402
from models.music_vae.configs import find  # noqa: E402
from models.music_vae.training import drum_metrics, drums, metrics, weights  # noqa: E402
from models.music_vae.training.__main__ import main  # noqa: E402
from models.music_vae.training.folder import train_folder  # noqa: E402
from models.music_vae.training.heads import head_of  # noqa: E402
from models.music_vae.training.kinds import KINDS  # noqa: E402
from models.music_vae.training.network import HParams, MusicVae, drum_bits, shift  # noqa: E402
from models.music_vae.training.train import load, model_of, train  # noqa: E402

SIZES = {"z_size": 8, "encoder": 16, "decoder": [16, 16]}
DRUM_KINDS = ("drums", "groove", "tap")


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for number in range(10):
        drum_song(folder / f"{number}.mid", number)
    return folder


@pytest.mark.parametrize("name", DRUM_KINDS)
def test_the_maths_are_the_players(name: str, tmp_path: Path) -> None:
    """The players' network is held against Magenta's own figures in test_reference.py."""
    torch.manual_seed(0)
    kind = KINDS[name]
    model = MusicVae(HParams(8, (16,), (16, 16), kind.config))
    for value in model.variables.values():
        value.data = torch.randn_like(value) * 0.3
    weights.write(model, tmp_path / "w.safetensors")
    model, network = weights.read(tmp_path / "w.safetensors"), music_vae.from_checkpoint(tmp_path / "w.safetensors")
    rng = np.random.default_rng(0)
    windows = rng.integers(0, 512, (3, 32)) if name == "drums" else rng.random((3, 32, 27)).astype(np.float32)
    x, y = kind.plain(windows)
    z = torch.randn(3, 8)
    with torch.no_grad():
        mu, sigma = model.encode(x)
        logits = model.decode(z, shift(y)).transpose(0, 1)
    if name == "drums":
        x, y = drum_bits()[x], torch.nn.functional.one_hot(y, 512)
    found = network.encode(x.transpose(0, 1).numpy())
    np.testing.assert_allclose(found, [mu.numpy(), sigma.numpy()], atol=1e-4)
    np.testing.assert_allclose(network.teacher_forced(z.numpy(), y.transpose(0, 1).numpy()), logits.numpy(), atol=1e-4)


torch.set_num_threads(1)  # two on busy cores take many times as long


def test_the_encoder_reads_bits_and_whether_there_are_none() -> None:
    bits = drum_bits()
    assert bits.shape == (512, 10)
    assert bits[0].tolist() == [0] * 9 + [1]
    assert bits[0b101].tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 0]


def test_what_cannot_be_trained_is_refused() -> None:
    for name in ("hierdec-mel_16bar", "nade-drums_2bar_full", "flat-trio_16bar", "groovae_2bar_hits_control"):
        with pytest.raises(ValueError, match="none of the configurations"):
            head_of(find(name))


def test_drums_and_grooves_are_read_as_the_players_hear_them(tmp_path: Path) -> None:
    path = tmp_path / "one.mid"
    drum_song(path, 1)
    from models.music_vae import encodings, midi_file

    score = midi_file.read(path)
    known = {
        e.y.argmax(1).astype(np.int16).tobytes() for e in encodings.encode(find("cat-drums_2bar_small"), score).examples
    }
    assert {row.tobytes() for row in drums.drum_windows(path)} == known
    grooves = encodings.encode(find("groovae_2bar_humanize"), score).examples
    windows = drums.groove_windows(path)
    np.testing.assert_array_equal(windows[::2], np.array([example.y for example in grooves]))
    x, y = KINDS["tap"].plain(windows[:1])
    np.testing.assert_array_equal(
        x[:, 0], encodings.encode(find("groovae_2bar_tap_fixed_velocity"), score).examples[0].x
    )
    np.testing.assert_array_equal(y[:, 0], windows[0])


def test_the_groove_data_sets_split_is_kept(tmp_path: Path) -> None:
    with (tmp_path / "info.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["drummer", "midi_filename", "split"])
        rows.writerows(
            [["drummer1", "a.mid", "train"], ["drummer9", "b.mid", "train"], ["drummer2", "c.mid", "validation"]]
        )
    assert drums.groove_parts(tmp_path, ["a.mid", "b.mid", "c.mid", "mine.mid"]) == (
        "train",
        "test",
        "validation",
        "train",
    )
    assert drums.groove_parts(tmp_path / "none", ["a.mid"]) == ()


def test_variations_keep_their_windows_shapes_and_share() -> None:
    rng = np.random.default_rng(0)
    windows = rng.integers(1, 512, (200, 32)).astype(np.int16)
    out = drums.varied(windows, rng, 0.5)
    assert out.shape == windows.shape
    assert 0 < out.max() < 512
    assert 0.3 < (out == windows).all(1).mean() < 0.7
    assert (drums.varied(windows, rng, 0.0) == windows).all()
    grooves = rng.random((50, 32, 27)).astype(np.float32)
    assert (drums.rebarred(grooves, rng, 0.0) == grooves).all()


def test_variations_are_made_of_what_was_played() -> None:
    """Drums of one window with those of another; grooves bar by bar, of which whole drums at most are left out."""
    rng = np.random.default_rng(1)
    kicks, rides = np.full((40, 32), 1), np.full((40, 32), 1 << 8)
    out = drums.varied(np.concatenate([kicks, rides]).astype(np.int16), rng, 1.0)
    assert {1, 1 << 8, 1 | 1 << 8} <= set(np.unique(out).tolist())
    hits = rng.random((20, 32, 9)) < 0.3
    grooves = np.concatenate([hits, *(hits * rng.random((2, *hits.shape)))], 2).astype(np.float32)
    bars = grooves.reshape(-1, 16, 27)
    varied = drums.rebarred(grooves, rng, 1.0)
    assert varied.dtype == np.float32
    assert (varied != grooves).any((1, 2)).sum() > 10
    for bar in varied.reshape(-1, 16, 27):
        assert (bars * np.tile(bar[:, :9].any(0), 3) == bar).all((1, 2)).any()


def test_given_hits_and_taps_lead_what_is_sampled() -> None:
    torch.manual_seed(0)
    for name in ("groove", "tap"):
        model = MusicVae(HParams(8, (16,), (16, 16), KINDS[name].config))
        y = (torch.rand(32, 6, 27) < 0.2).float()
        found = model.sample(torch.randn(6, 8), 32, 1.0, **model.known(y))
        hits, true = found[..., :9] > 0, y[..., :9] > 0
        assert torch.equal(hits, true) if name == "groove" else torch.equal(hits.any(2), true.any(2))
        assert not found[..., 9:][~hits.repeat(1, 1, 2)].any()
    assert not MusicVae(HParams(8, (16,), (16, 16), KINDS["drums"].config)).known(y)


def test_fewer_windows_are_varied_in_the_last_quarter() -> None:
    settings = replace(KINDS["drums"].settings, steps=100, mixed=0.6, mixed_last=0.2)
    assert [settings.mixed_at(step) for step in (0, 75)] == [0.6, 0.6]
    assert settings.mixed_at(100) == pytest.approx(0.2)
    assert 0.2 < settings.mixed_at(90) < settings.mixed_at(80) < 0.6
    assert replace(settings, mixed=0.0).mixed_at(100) == 0.0


def test_hits_are_counted() -> None:
    truth, found = np.array([[0b101, 0, 1]]), np.array([[0b001, 0, 3]])
    assert drum_metrics.hit_f1(truth, truth) == 1.0
    assert drum_metrics.hit_f1(truth, found) == pytest.approx(2 * 2 / 6)


def test_feel_is_told_beside_the_mean() -> None:
    truth = np.zeros((2, 4, 27), np.float32)
    truth[:, 0, [0, 9, 18]] = [[1, 0.4, 0.2], [1, 0.8, -0.2]]
    found = truth.copy()
    found[:, 0, 9] += 0.1
    told = drum_metrics.feel(truth, found)
    assert told["velocity_error"] == pytest.approx(12.7, abs=1e-3)
    assert told["mean_velocity_error"] == pytest.approx(0.2 * 127, abs=1e-3)
    assert told["offset_error"] == 0
    assert told["velocity_correlation"] == pytest.approx(1.0, abs=1e-3)
    assert drum_metrics.feel(truth, np.zeros_like(truth)) == {}


@pytest.mark.parametrize("name", ["drums", "groove"])
def test_each_kind_is_evaluated(name: str, songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = train_folder(name, songs, tmp_path / "out", sizes=SIZES, settings={"steps": 1, "batch": 4})
    assert main(["evaluate", str(path), "--data", str(songs), "--samples", "20", "--pictures", str(tmp_path)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert {"sampled_f1", "sampled_f1_kick", "prior_hits_per_bar", "data_copied", "place_distance"} < set(figures)
    assert (tmp_path / "reconstructions.png").stat().st_size > 0


@pytest.mark.parametrize("name", DRUM_KINDS)
def test_each_kind_learns(name: str, songs: Path, tmp_path: Path) -> None:
    kind = KINDS[name]
    windows = np.concatenate([kind.song(path) for path in sorted(songs.iterdir())])[:16]
    settings = replace(kind.settings, steps=100, batch=4, mixed=0.0, free_running=0.0, adam_rate=5e-3)
    said: list[dict[str, float]] = []
    hparams = HParams(8, (16,), (16, 16), kind.config)
    path = train(windows, tmp_path / "out", hparams, settings, kind=kind, resume=False, report=said.append)
    assert said[-1]["recon"] < 0.85 * said[0]["recon"]
    figures = metrics.reconstruction(model_of(load(path)), windows)
    assert 0 <= figures["sampled_f1"] <= 1
    assert np.isfinite(list(figures.values())).all()


@pytest.mark.parametrize("name", ["melody", *DRUM_KINDS])
def test_what_is_trained_loads_as_any_other_model(name: str, songs: Path, tmp_path: Path) -> None:
    if name == "melody":
        for number, path in enumerate(sorted(songs.iterdir())):
            melody_song(path, number)
    out = tmp_path / "out"
    path = train_folder(name, songs, out, sizes=SIZES, settings={"steps": 2, "batch": 8})
    network = music_vae.from_checkpoint(path)
    assert network.config.name == KINDS[name].config
    windows = np.load(out / "windows.npz")["steps"][:3]
    x, _ = KINDS[name].plain(windows)
    model = weights.read(path)
    steps = drum_bits()[x] if name == "drums" else x if x.dim() == 3 else torch.nn.functional.one_hot(x, 90).float()
    mu, sigma = network.encode(steps.transpose(0, 1).numpy())
    with torch.no_grad():
        np.testing.assert_allclose(mu, model.encode(x)[0].numpy(), atol=1e-5)
    assert (sigma > 0).all()
    decoded = np.array([step[0] for step in network.decode(mu[:1], 32, seed=1)])
    assert decoded.shape == (32, network.config.encoding.output_depth)


def test_a_kind_is_not_resumed_as_another(songs: Path, tmp_path: Path) -> None:
    train_folder("groove", songs, tmp_path / "out", sizes=SIZES, settings={"steps": 1, "batch": 4})
    with pytest.raises(ValueError, match="groovae_2bar_humanize, must be of groovae_2bar_tap"):
        train_folder("tap", songs, tmp_path / "out", resume=True, sizes=SIZES, settings={"steps": 2, "batch": 4})


def test_a_training_begins_with_what_another_learnt(songs: Path, tmp_path: Path) -> None:
    first = train_folder("groove", songs, tmp_path / "a", sizes=SIZES, settings={"steps": 2, "batch": 4})
    still = {"steps": 1, "batch": 4, "muon_rate": 0.0, "adam_rate": 0.0}
    second = train_folder("tap", songs, tmp_path / "b", start=first, settings=still)
    one, two = weights.read(first), weights.read(second)
    assert two.hp == replace(one.hp, config="groovae_2bar_tap_fixed_velocity")
    for name, value in one.variables.items():
        np.testing.assert_allclose(two.variables[name].detach(), value.detach(), atol=1e-3)
    with pytest.raises(ValueError, match="shares no shapes with cat-drums_2bar_small"):
        train_folder("drums", songs, tmp_path / "c", start=first)
    with pytest.raises(ValueError, match="sizes are those of"):
        train_folder("tap", songs, tmp_path / "c", start=first, sizes=SIZES)
    with pytest.raises(FileNotFoundError, match="is not a file"):
        train_folder("tap", songs, tmp_path / "c", start=tmp_path / "none.pt")


def test_feel_counts_beside_hits() -> None:
    head = head_of(find("groovae_2bar_humanize"))
    y = torch.zeros(1, 1, 27)
    y[..., 0], y[..., 9] = 1.0, 0.9
    logits = torch.zeros(1, 1, 27)
    whole = head.loss(logits, y)
    head.feel = 0.0
    assert head.loss(logits, y) == pytest.approx(9 * np.log(2), abs=1e-5)
    assert whole - head.loss(logits, y) == pytest.approx(0.4**2 / (2 * 0.15**2), abs=1e-4)
