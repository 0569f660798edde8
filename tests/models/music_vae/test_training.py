"""The training of the melody model: Magenta's maths, gradients, resuming, export, and reading of songs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")

import mido  # noqa: E402

from models.music_vae import melody  # noqa: E402
from models.music_vae.training import data, lstm, metrics, weights  # noqa: E402
from models.music_vae.training.__main__ import main  # noqa: E402
from models.music_vae.training.cell import library  # noqa: E402
from models.music_vae.training.lstm import Recurrence  # noqa: E402
from models.music_vae.training.muon import orthogonalise  # noqa: E402
from models.music_vae.training.network import HParams, MusicVae, shift  # noqa: E402
from models.music_vae.training.settings import Settings  # noqa: E402
from models.music_vae.training.train import Batches, load, train  # noqa: E402

torch.set_num_threads(1)  # two on busy cores take many times as long

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "tests" / "data" / "music_vae" / "cat-mel_2bar_small"
SHARED = Path(os.environ.get("ANTIPHON_SHARED", ROOT.parent / "shared"))
TINY = HParams(8, (16,), (16, 16))


def reference_model() -> MusicVae:
    hparams = json.loads((REFERENCE / "meta.json").read_text())["hparams"]
    model = MusicVae(weights.hparams_from(hparams))
    with np.load(REFERENCE / "weights.npz") as stored:
        assert set(stored.files) == set(model.variables.keys())
        for name in stored.files:
            model.variables[name].data = torch.from_numpy(stored[name])
    return model


def test_the_maths_are_magentas() -> None:
    model = reference_model()
    with np.load(REFERENCE / "io.npz") as io:
        x, y = (torch.from_numpy(io[name].argmax(2).T.copy()) for name in ("x", "y"))
        with torch.no_grad():
            mu, sigma = model.encode(x)
            logits = model.decode(torch.from_numpy(io["z"]), shift(y))
        np.testing.assert_allclose(mu.numpy(), io["mu"], atol=1e-5)
        np.testing.assert_allclose(sigma.numpy(), io["sigma"], atol=1e-5)
        np.testing.assert_allclose(logits.transpose(0, 1).numpy(), io["teacher_forced_logits"], atol=1e-4)


def test_sampling_feeds_back_what_it_sampled() -> None:
    model = reference_model()
    z = torch.randn(3, model.hp.z_size, generator=torch.Generator().manual_seed(0))
    sampled = model.sample(z, 32, 0.0)
    with torch.no_grad():
        assert torch.equal(model.decode(z, shift(sampled)).argmax(2), sampled)


@pytest.mark.parametrize("tokens", [True, False])
def test_the_backward_pass_is_the_gradient(tokens: bool) -> None:
    generator = torch.Generator().manual_seed(0)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)

    rest = (some(6, 16), some(4, 16), some(3, 16), some(3, 4), some(3, 4))
    if tokens:
        x = torch.randint(-1, 6, (5, 3), generator=generator)
        assert torch.autograd.gradcheck(lambda *a: Recurrence.apply(x, *a, torch.float64), rest)
    else:
        assert torch.autograd.gradcheck(lambda *a: Recurrence.apply(*a, torch.float64), (some(5, 3, 6), *rest))


@pytest.mark.skipif(library() is None, reason="no C compiler: install gcc or clang to test the fast path")
@pytest.mark.parametrize("tokens", [True, False])
def test_the_c_code_does_what_torch_does(tokens: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    x = torch.randint(-1, 6, (5, 3)) if tokens else torch.randn(5, 3, 6)
    rest = [torch.randn(*shape) for shape in ((6, 64), (16, 64), (3, 64), (3, 16), (3, 16))]
    upstream = torch.randn(5, 3, 16)

    def run() -> list[torch.Tensor]:
        leaves = [value.clone().requires_grad_() for value in rest]
        out = Recurrence.apply(x, *leaves, torch.bfloat16)
        (out.float() * upstream).sum().backward()
        return [out.detach().float(), *[leaf.grad for leaf in leaves if leaf.grad is not None]]

    fast = run()
    monkeypatch.setattr(lstm, "library", lambda: None)
    for one, two in zip(fast, run(), strict=True):
        assert float((one - two).norm() / two.norm()) < 0.02  # bfloat16 rounds at 0.004


def test_muon_orthogonalises_each_gate() -> None:
    matrices = torch.randn(4, 24, 16, generator=torch.Generator().manual_seed(0))
    values = torch.linalg.svdvals(orthogonalise(matrices, 5))
    assert values.min() > 0.5
    assert values.max() < 1.5


def windows(count: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(count):
        starts = np.sort(rng.choice(32, 6, replace=False))
        rows.append(melody.encode([(int(s), int(s) + 2, int(rng.choice([60, 62, 64, 67]))) for s in starts], 32))
    return np.array(rows)


def settings(**changes: float) -> Settings:
    return Settings(**{"steps": 4, "batch": 8, **changes})  # type: ignore[arg-type]


def test_a_resumed_training_is_the_same_training(tmp_path: Path) -> None:
    said: list[dict[str, float]] = []
    whole = train(windows(), tmp_path / "a", TINY, settings(), resume=False, report=said.append)
    calls = iter([False, False, True])
    half = train(windows(), tmp_path / "b", TINY, settings(), resume=True, report=said.append, stop=lambda: next(calls))
    assert load(half)["step"] == 2
    train(windows(), tmp_path / "b", TINY, settings(), resume=True, report=said.append)
    one, two = load(whole), load(half)
    assert one["step"] == two["step"] == 4
    assert all(torch.equal(value, two["model"][name]) for name, value in one["model"].items())  # type: ignore


def test_it_learns(tmp_path: Path) -> None:
    said: list[dict[str, float]] = []
    train(windows(8), tmp_path, TINY, settings(steps=100, batch=4, transpose=0), resume=False, report=said.append)
    assert said[-1]["recon"] < 0.85 * said[0]["recon"]
    assert said[-1]["kl_bits"] > 1.0


def test_batches_stay_in_the_pitch_range() -> None:
    rows = np.array([melody.encode([(0, 4, 21), (16, 20, 21)], 32), melody.encode([(0, 4, 108), (16, 20, 108)], 32)])
    batches = Batches(rows, settings(batch=2))
    for _ in range(20):
        batch, _ = batches.next(0)
        assert batch.max() < melody.CLASSES
        assert int((batch >= melody.FIRST_NOTE).sum()) == 4


def test_exported_weights_are_magentas_layout(tmp_path: Path) -> None:
    from safetensors import safe_open

    model = reference_model()
    path = tmp_path / "weights.safetensors"
    weights.write(model, path)
    with safe_open(path, framework="np") as f:
        stored = json.loads(f.metadata()["hparams"])
        assert stored == {"z_size": 24, "enc_rnn_size": [40], "dec_rnn_size": [32, 32]}
        assert f.metadata()["config"] == "cat-mel_2bar_small"
        assert f.get_tensor("decoder/multi_rnn_cell/cell_0/lstm_cell/kernel").shape == (90 + 24 + 32, 128)
        assert f.get_tensor("encoder/mu/kernel").dtype == np.float16
    again = weights.read(path)
    for name, value in model.variables.items():
        np.testing.assert_allclose(again.variables[name].detach(), value.detach(), atol=2e-3)


def test_metrics() -> None:
    truth = np.array([melody.encode([(0, 4, 60), (8, 12, 64)], 16)])
    found = np.array([melody.encode([(0, 4, 60), (8, 12, 65), (12, 14, 60)], 16)])
    assert metrics.onset_f1(truth, truth) == 1.0
    assert metrics.onset_f1(truth, found) == pytest.approx(2 * 1 / 5)
    chromatic = melody.encode([(i, i + 1, 60 + i) for i in range(12)], 16)
    assert metrics.in_key(chromatic) == pytest.approx(7 / 12)
    assert metrics.in_key(truth[0]) == 1.0
    assert metrics.copied(melody.transpose(truth, [3]), truth) == 1.0
    assert metrics.copied(found, truth) == 0.0
    assert metrics.character(np.zeros((1, 32), np.int64))["silent_bars"] == 1.0


def song(path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    midi = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    track.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    for _ in range(64):
        pitch = int(rng.choice([60, 62, 64, 65, 67]))
        track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
        track.append(mido.Message("note_off", note=pitch, time=48))
    midi.save(path)


def test_a_folder_of_plain_midi_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    songs, out = tmp_path / "songs", tmp_path / "out"
    songs.mkdir()
    for number in range(10):
        song(songs / f"{number}.mid", number)
    (songs / "broken.mid").write_bytes(b"no MIDI at all")
    command = ["--data", str(songs), "--out", str(out), "--steps", "2", "--batch", "8", "--z-size", "8"]
    command += ["--encoder", "16", "--decoder", "16", "16"]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "left out broken.mid" in said
    assert "10 songs" in said
    assert main(command) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*command, "--resume", "--steps", "3"]) == 0
    assert main(["export", str(out / "checkpoint.pt"), str(out / "weights.safetensors")]) == 0
    assert main(["evaluate", str(out / "weights.safetensors"), "--data", str(songs), "--pictures", str(out)]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert 0 <= figures["sampled_f1"] <= 1
    assert (out / "prior.png").stat().st_size > 0


def test_errors_say_the_rule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "is not a folder" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "no .mid or .midi file" in capsys.readouterr().err
    song(tmp_path / "one.mid", 1)
    assert main(["--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert "at least 10 songs" in capsys.readouterr().err
    assert main(["export", str(tmp_path / "none.pt"), str(tmp_path / "w.safetensors")]) == 2
    assert "is not a file" in capsys.readouterr().err


def test_no_song_is_in_both_splits() -> None:
    song_of = np.repeat(np.arange(25), 3)
    read = data.Windows(np.arange(75)[:, None].repeat(32, 1), song_of, [str(n) for n in range(25)])
    training, validation = read.split()
    assert sorted({int(row[0]) // 3 for row in validation}) == [9, 19]
    assert len(training) + len(validation) == 75


@pytest.mark.skipif(not (SHARED / "data" / "pop909").is_dir(), reason="POP909 is missing: ../shared/data/pop909")
def test_pop909_is_read_on_its_own_grid() -> None:
    found = data.melodies(SHARED / "data" / "pop909" / "001.mid")
    assert len(found) > 30
    onsets = (found >= melody.FIRST_NOTE).sum(0)
    assert onsets[::2].sum() > 2 * onsets[1::2].sum()  # by the ticks the two would be about even
    assert np.mean([metrics.in_key(row) for row in found]) > 0.95


def test_the_shipped_melody_model_gives_back_a_tune() -> None:
    path = ROOT / "models" / "weights" / "melody_2bar.safetensors"
    assert path.stat().st_size <= 8e6
    model = weights.read(path)
    tune = [64, 64, 65, 67, 67, 65, 64, 62]  # Beethoven, op. 125: two bars in quarters, in all twelve keys
    rows = np.array(
        [melody.encode([(4 * n, 4 * n + 4, p + by) for n, p in enumerate(tune)], 32) for by in range(-6, 6)]
    )
    assert metrics.reconstruction(model, rows)["sampled_f1"] > 0.85


@pytest.mark.skipif(not (SHARED / "data" / "pop909").is_dir(), reason="POP909 is missing: ../shared/data/pop909")
def test_the_shipped_melody_model_is_as_good_as_its_card_says() -> None:
    songs = data.midi_files(SHARED / "data" / "pop909")[data.VALIDATION_EVERY - 1 :: data.VALIDATION_EVERY][:12]
    rows = np.concatenate([data.melodies(song) for song in songs])
    figures = metrics.reconstruction(weights.read(ROOT / "models" / "weights" / "melody_2bar.safetensors"), rows)
    assert figures["sampled_f1"] > 0.82
    assert figures["kl_bits"] > 20


def test_the_models_import_without_torch() -> None:
    code = "import sys; import models.music_vae.melody; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
