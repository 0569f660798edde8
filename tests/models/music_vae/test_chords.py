"""Melodies over chords: reading, the training of a few steps, and the player that takes its network."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is missing: pip install 'antiphon[torch]'")

from midi_songs import melody_song  # noqa: E402
from small_weights import weights_file  # noqa: E402

from models import music_vae  # noqa: E402
from models.contract import Note, Phrase  # noqa: E402
from models.music_vae import melody, own_weights  # noqa: E402
from models.music_vae.implementation import MusicVaePlayer  # noqa: E402
from models.music_vae.melodist import CHORDS_CONFIG, Melodist  # noqa: E402
from models.music_vae.progression import parse, tones_of  # noqa: E402
from models.music_vae.training import chords, weights  # noqa: E402
from models.music_vae.training.folder import train_folder  # noqa: E402
from models.music_vae.training.kinds import KINDS  # noqa: E402
from models.music_vae.training.network import HParams, MusicVae, shift  # noqa: E402

torch.set_num_threads(1)
KIND = KINDS["chords"]
POP909 = Path(__file__).parents[4] / "shared" / "data" / "pop909"


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    """A small melody model with drawn weights."""
    torch.manual_seed(0)
    model = MusicVae(HParams(8, (16,), (16, 16)))
    for value in model.variables.values():
        value.data = torch.randn_like(value) * 0.3
    weights.write(model, tmp_path / "melody_2bar.safetensors")
    return tmp_path / "melody_2bar.safetensors"


@pytest.fixture
def songs(tmp_path: Path) -> Path:
    folder = tmp_path / "songs"
    folder.mkdir()
    for number in range(10):
        melody_song(folder / f"{number}.mid", number, notes=64)
    return folder


def test_labels_are_classes() -> None:
    told = {label: sorted(tones_of(chords.pop909_class(label))) for label in ("C:maj", "F#:min7/b3", "Bb:hdim7")}
    assert told == {"C:maj": [0, 4, 7], "F#:min7/b3": [1, 6, 9], "Bb:hdim7": [1, 4, 10]}
    assert sorted(tones_of(chords.pop909_class("Ab:7/b7"))) == [0, 3, 8]
    assert [chords.pop909_class(label) for label in ("N", "C:sus4(b7)", "D:sus2")] == [0, 0, 0]


def test_pop909_s_chords_are_read_on_its_grid(tmp_path: Path) -> None:
    melody_song(tmp_path / "a.mid", 0)
    (tmp_path / "a.beat_midi.txt").write_text("".join(f"{beat / 2} 1.0 {float(beat % 4 == 0)}\n" for beat in range(20)))
    (tmp_path / "a.chord_midi.txt").write_text("0.0 1.0 N\n1.0 3.0 C:maj\n3.02 4.0 A:min7\n")
    found = chords.of_song(tmp_path / "a.mid", 36).tolist()
    assert found == [0] * 8 + [1] * 16 + [1 + 12 + 9] * 8 + [0] * 4
    windows = chords.windows_of(tmp_path / "a.mid")
    assert windows.shape[1:] == (32, 2)
    assert (windows[..., 0] >= melody.FIRST_NOTE).any(1).all()


def test_chords_of_other_files_are_inferred(songs: Path) -> None:
    found = chords.of_song(songs / "0.mid", 128)
    assert (found > 0).mean() > 0.5
    assert (found.reshape(-1, chords.HALF_BAR) == found[:: chords.HALF_BAR, None]).all()


def test_chords_move_with_the_melody() -> None:
    assert chords.transposed(np.array([[0, 1, 12, 13, 48]]), np.array([1])).tolist() == [[0, 2, 1, 14, 37]]


def test_a_melody_over_other_chords_keeps_its_rhythm_and_its_key_or_moves_as_a_whole() -> None:
    steps = np.tile(
        melody.encode([(4 * n, 4 * n + 3, p) for n, p in enumerate((60, 64, 67, 65, 64, 62, 60, 71))], 32), (200, 1)
    )
    over = np.full_like(steps, 1)
    assert (chords.keys(steps, over) == 0).all()
    moved = chords.reharmonised(steps, over, np.random.default_rng(0))
    on = steps >= melody.FIRST_NOTE
    assert ((moved >= melody.FIRST_NOTE) == on).all()
    assert (moved[~on] == steps[~on]).all()
    in_c = np.isin((moved - melody.FIRST_NOTE + melody.MIN_PITCH) % 12, (0, 2, 4, 5, 7, 9, 11)) | ~on
    shifts = np.where(on, moved - steps, 0)
    as_a_whole = np.array([len(set(row[there])) == 1 for row, there in zip(shifts, on, strict=True)])
    assert (in_c.all(1) | as_a_whole).all()
    assert 0.1 < (~in_c.all(1)).mean() < 0.4


def test_the_maths_are_the_players(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MusicVae(HParams(8, (16,), (16, 16), KIND.config))
    for value in model.variables.values():
        value.data = torch.randn_like(value) * 0.3
    weights.write(model, tmp_path / "w.safetensors")
    model, network = weights.read(tmp_path / "w.safetensors"), music_vae.from_checkpoint(tmp_path / "w.safetensors")
    rng = np.random.default_rng(0)
    windows = np.stack((rng.integers(0, 90, (3, 32)), rng.integers(0, 49, (3, 32))), 2)
    x, y = KIND.plain(windows)
    z = torch.randn(3, 8)
    with torch.no_grad():
        found = [half.numpy() for half in model.encode(x)]
        logits = model.decode(z, shift(y), model.chords(x)).transpose(0, 1).numpy()
        sampled = model.sample(z, 32, 0.0, chords=model.chords(x)).T.numpy()
    steps, over = np.eye(90)[windows[..., 0]], np.eye(49)[windows[..., 1]]
    np.testing.assert_allclose(network.encode(steps, controls=over), found, atol=1e-4)
    np.testing.assert_allclose(network.teacher_forced(z.numpy(), steps, controls=over), logits, atol=1e-4)
    played = np.stack(list(network.decode(z.numpy(), 32, 0.0, controls=over)), 1).argmax(2)
    assert (played == sampled).mean() > 0.95


def test_it_begins_as_the_melody_model_and_keeps_its_latent_space(parent: Path, songs: Path, tmp_path: Path) -> None:
    melodies = weights.read(parent)
    widened = weights.with_chords(melodies, KIND.config)
    x, y = KIND.plain(chords.windows_of(songs / "0.mid"))
    with torch.no_grad():
        mu, sigma = melodies.encode(y)
        np.testing.assert_allclose(widened.encode(x)[0], mu)
        none, c_major = torch.zeros_like(y), torch.ones_like(y)
        plain = melodies.decode(mu, shift(y))
        np.testing.assert_allclose(widened.decode(mu, shift(y), none), plain, atol=1e-5)
        likelier = (widened.decode(mu, shift(y), c_major) - plain)[..., melody.FIRST_NOTE :] > 0.5
        pitch_classes = np.arange(melody.MIN_PITCH, melody.MAX_PITCH + 1) % 12
        assert (likelier.numpy() == np.isin(pitch_classes, (0, 4, 7))).all()
    settings = {"steps": 3, "batch": 16, "adam_rate": 0.01}
    path = train_folder("chords", songs, tmp_path / "out", start=parent, settings=settings)
    assert path.name == "melody_chords_2bar.safetensors"
    trained = weights.read(path)
    with torch.no_grad():
        np.testing.assert_allclose(trained.encode(x)[1], sigma, atol=1e-6)
        assert not np.allclose(trained.decode(mu, shift(y), none), plain, atol=1e-3)
    resumed = train_folder(
        "chords", songs, tmp_path / "out", start=parent, resume=True, settings=settings | {"steps": 4}
    )
    assert resumed == path
    with pytest.raises(ValueError, match="sizes are those of"):
        train_folder("chords", songs, tmp_path / "b", start=parent, sizes={"z_size": 4})


def test_the_player_takes_it_where_there_are_chords(parent: Path, tmp_path: Path) -> None:
    model = weights.with_chords(weights.read(parent), CHORDS_CONFIG)
    for name, value in model.variables.items():
        if not name.startswith("encoder/"):
            value.data += 0.3 * torch.randn_like(value)
    weights.write(model, tmp_path / "over.safetensors")
    call = Phrase(tuple(Note(60 + step, 80, step / 2, 0.5) for step in range(16)), bars=2)

    def played(player: MusicVaePlayer, text: str) -> list[Note]:
        return list(player.act("vary", {}, call, 4, {"seed": 1, "chords": text}))

    plain, chorded = MusicVaePlayer(parent), MusicVaePlayer(parent)
    chorded.melodist = Melodist(parent, tmp_path / "over.safetensors")
    assert played(chorded, "C F") == played(chorded, "C F")
    assert played(chorded, "C F") != played(plain, "C F")
    assert played(chorded, "") == played(plain, "")
    assert played(chorded, "N.C.") == played(plain, "N.C.")
    for use, arguments in (("complete", {"gaps": "1.3-2.1"}), ("generate", {}), ("interpolate", {})):
        assert list(chorded.act(use, arguments, call, 3, {"seed": 1, "chords": "C F | G"}))


def test_another_s_latent_space_is_refused(parent: Path, tmp_path: Path) -> None:
    other = weights_file(tmp_path, CHORDS_CONFIG)
    with pytest.raises(ValueError, match="the encoder must be that of"):
        Melodist(parent, other)
    with pytest.raises(ValueError, match=f"the config must be {CHORDS_CONFIG}, got cat-mel_2bar_small"):
        Melodist(parent, parent)


@pytest.mark.skipif(not POP909.is_dir(), reason="POP909 is missing: ../shared/data/pop909")
def test_pop909_s_melodies_fit_their_chords() -> None:
    windows = np.concatenate([chords.windows_of(POP909 / f"{song:03}.mid") for song in (3, 4, 8)])
    steps, over = windows[:, ::4, 0], windows[:, ::4, 1]
    there = (steps >= melody.FIRST_NOTE) & (over > 0)
    pitches = (steps[there] - melody.FIRST_NOTE + melody.MIN_PITCH) % 12
    inside = np.mean([pitch in tones_of(int(chord)) for pitch, chord in zip(pitches, over[there], strict=True)])
    assert inside > 0.5  # at random 0.25, in the key alone 0.43


SHIPPED = own_weights.FOLDER / "melody_chords_2bar.safetensors"


def test_the_shipped_network_is_small_and_has_its_card() -> None:
    assert SHIPPED.stat().st_size <= 8e6
    assert "Licence: Apache-2.0" in SHIPPED.with_suffix(".md").read_text("utf-8")


def test_the_shipped_player_follows_chords_in_and_out_of_the_key() -> None:
    """The figures of its card are 0.91 and 0.85."""
    player = MusicVaePlayer()
    assert player.melodist.over_chords is not None
    tune = (60, 62, 64, 64, 67, 65, 64, 62, 60, 64, 67, 72, 71, 69, 67, 67)
    call = Phrase(tuple(Note(pitch, 80, float(beat), 1.0) for beat, pitch in enumerate(tune)), bars=4)
    for text, least in (("C G Am F", 0.75), ("Eb Bb Cm Ab", 0.65)):
        track = parse(text)
        inside = [
            note.pitch % 12 in tones_of(track.at(note.start, 4))
            for seed in range(6)
            for note in player.act("continue", {}, call, 8, {"seed": seed, "chords": text})
            if note.start % 1 == 0
        ]
        assert len(inside) > 60
        assert np.mean(inside) > least
