"""Weights of one's own in place of the embedded ones."""

from pathlib import Path

import numpy as np
import pytest

from models.contract import Note, Phrase
from models.music_drums.implementation import MusicDrumsPlayer
from models.music_vae import own_weights
from models.music_vae.checkpoints import own
from models.music_vae.configs import find
from models.music_vae.drummer import DRUMS, GROOVE
from models.music_vae.implementation import MusicVaePlayer
from models.music_vae.network import variables


def test_ones_own_count_where_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(own_weights.VARIABLE, raising=False)
    embedded = own_weights.find("melody_2bar.safetensors")
    assert embedded.is_file()
    monkeypatch.setenv(own_weights.VARIABLE, str(tmp_path))
    assert own_weights.find("melody_2bar.safetensors") == embedded
    (tmp_path / "melody_2bar.safetensors").write_bytes(b"")
    mine = own_weights.find("melody_2bar.safetensors")
    assert mine == tmp_path / "melody_2bar.safetensors"
    assert own_weights.beside(mine, "melody_attributes.safetensors") is None
    assert own_weights.beside(embedded, "melody_attributes.safetensors") is not None


def test_no_folder_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(own_weights.VARIABLE, str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match="ANTIPHON_WEIGHTS must name a folder"):
        own_weights.find("melody_2bar.safetensors")


def test_the_player_plays_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs to the embedded network is not taken for another's."""
    monkeypatch.setenv(own_weights.VARIABLE, str(tmp_path))
    config = find("cat-mel_2bar_small").with_hparams({"z_size": 8, "enc_rnn_size": [16], "dec_rnn_size": [16, 16]})
    rng = np.random.default_rng(0)
    tensors = {name: 0.3 * rng.standard_normal(shape) for name, shape in variables(config).items()}
    own.write(tmp_path / "melody_2bar.safetensors", config, tensors)
    player = MusicVaePlayer()
    assert player.melodist.z_size == 8
    with pytest.raises(ValueError, match="predictor"):
        list(player.act("continue", {}, Phrase((Note(60, 80, 0.0, 1.0),), bars=2), 2, {"seed": 1}))


def test_the_drummer_plays_ones_own_drums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the embedded groove network, and drawn from N(0, 1) rather than from where the embedded drums lie."""
    monkeypatch.setenv(own_weights.VARIABLE, str(tmp_path))
    config = find(DRUMS).with_hparams({"z_size": 8, "enc_rnn_size": [16], "dec_rnn_size": [16, 16]})
    rng = np.random.default_rng(0)
    tensors = {name: 0.3 * rng.standard_normal(shape) for name, shape in variables(config).items()}
    own.write(tmp_path / "drums_2bar.safetensors", config, tensors)
    drummer = MusicDrumsPlayer().drummer
    assert drummer.drums.config.hparams.z_size == 8
    np.testing.assert_array_equal(drummer.prior(DRUMS).tensors()["mean"], np.zeros(8))
    embedded = own_weights.FOLDER / "groove_2bar.safetensors"
    assert drummer.network(GROOVE).config.hparams == own.read(embedded)[0].hparams
