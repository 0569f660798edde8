import numpy as np
import pytest

from models.music_vae import configs
from models.music_vae.int8 import Int8Matrix
from models.music_vae.network import MusicVaeNetwork, variables


def test_products_are_nearly_the_same_for_any_batch():
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((96, 40), np.float32)
    kernel[:32, 3] = 0.0
    matrix = Int8Matrix(kernel)
    for batch in (1, 3):
        x = rng.standard_normal((batch, 96), np.float32)
        wanted = x @ kernel
        assert np.abs(matrix.times(x) - wanted).max() < 0.02 * np.abs(wanted).max()


def test_rows_must_fill_blocks():
    with pytest.raises(ValueError, match="multiple of 32 rows, got 33"):
        Int8Matrix(np.zeros((33, 4), np.float32))


def test_a_network_of_8_bits_is_near_the_exact_one():
    config = configs.find("hier-mel_16bar").with_hparams({"z_size": 16, "enc_rnn_size": [64], "dec_rnn_size": [64, 32]})
    rng = np.random.default_rng(0)
    tensors = {k: rng.standard_normal(s, np.float32) / np.sqrt(s[0]) for k, s in variables(config).items()}
    exact, near = MusicVaeNetwork(config, tensors), MusicVaeNetwork(config, tensors, "int8")
    y = np.eye(90, dtype=np.float32)[rng.integers(0, 90, (2, 256))]
    z = rng.standard_normal((2, 16), np.float32)
    for one, other in (
        (exact.encode(y)[0], near.encode(y)[0]),
        (exact.teacher_forced(z, y), near.teacher_forced(z, y)),
    ):
        assert 0 < np.abs(one - other).max() < 0.05 * np.abs(one).max()
    assert len(list(near.decode(z, 20, 1.0, 0))) == 20
    with pytest.raises(ValueError, match="float32 or int8, got 'int4'"):
        MusicVaeNetwork(config, tensors, "int4")
