"""The networks against what Magenta's own code computed: tests/data/music_vae/README.md."""

import numpy as np
import pytest

from models.music_vae import configs
from models.music_vae.network import MusicVaeNetwork, variables

TOLERANCE = 1e-5  # asked for: 1e-4


@pytest.fixture(scope="module")
def network(reference):
    return reference.network()


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=TOLERANCE)


def test_encodes_to_the_same_posterior(reference, network):
    arrays = reference.arrays
    mu, sigma = network.encode(arrays["x"], arrays["lengths"], arrays["controls"])
    assert mu.dtype == sigma.dtype == np.float32
    close(mu, arrays["mu"])
    close(sigma, arrays["sigma"])
    one, _ = network.encode(arrays["x"][1:], arrays["lengths"][1:], arrays["controls"][1:])
    close(one, arrays["mu"][1:])


def test_begins_in_the_same_state(reference, network):
    close(network.decoder.initial_state(reference.arrays["z"]), reference.arrays["initial_state"])


def test_teacher_forced_logits_are_the_same(reference, network):
    arrays = reference.arrays
    logits = network.teacher_forced(arrays["z"], arrays["y"], arrays["lengths"], arrays["controls"])
    wanted = arrays["teacher_forced_logits"]
    stride = int(arrays["stride"])
    if arrays["lengths"].ndim == 2:  # Magenta leaves a segment's end out, we fill it with zeros
        logits = joined(logits, arrays["lengths"])
    close(logits[:, ::stride], wanted)


def joined(logits, lengths):
    segments = np.split(logits, lengths.shape[1], axis=1)
    return np.concatenate([segment[:, : lengths[:, n].max()] for n, segment in enumerate(segments)], axis=1)


def test_logits_along_the_sampled_path_are_the_same(reference, network):
    arrays = reference.arrays
    controls = np.repeat(arrays["controls"][:1], len(arrays["z"]), 0)
    logits = network.teacher_forced(arrays["z"], arrays["sampled"], controls=controls)
    close(logits[:, :: int(arrays["stride"])], arrays["sampled_path_logits"])


def test_decodes_step_by_step_what_teacher_forcing_predicts(reference, network):
    arrays = reference.arrays
    z, controls = arrays["z"], arrays["controls"][0]
    length = min(64, len(controls))
    steps = np.stack(list(network.decode(z, length, temperature=0.0, controls=controls)), 1)
    logits = network.teacher_forced(z, steps, controls=np.repeat(controls[None, :length], len(z), 0))
    expected = [network.decoder.sample(logits[:, n], 0.0, np.random.default_rng(0)) for n in range(length)]
    np.testing.assert_allclose(np.stack(expected, 1), steps, atol=TOLERANCE)
    again, other = (
        np.stack(list(network.decode(z, length, temperature=1.0, seed=seed, controls=controls)), 1) for seed in (3, 4)
    )
    assert np.array_equal(again, np.stack(list(network.decode(z, length, 1.0, 3, controls)), 1))
    assert not np.array_equal(again, other)


@pytest.mark.parametrize("name", configs.CONFIGS)
def test_every_configuration_builds_and_decodes(name):
    config = configs.find(name)
    sizes = {
        "z_size": 4,
        "enc_rnn_size": [3] * len(config.hparams.enc_rnn_size),
        "dec_rnn_size": [5] * len(config.hparams.dec_rnn_size),
    }
    config = config.with_hparams(sizes)
    rng = np.random.default_rng(0)
    network = MusicVaeNetwork(config, {k: rng.standard_normal(s) for k, s in variables(config).items()})
    x = np.zeros((1, config.hparams.max_seq_len, config.encoding.input_depth), np.float32)
    controls = np.zeros((1, x.shape[1], config.encoding.control_depth), np.float32)
    mu, sigma = network.encode(x, controls=controls)
    assert mu.shape == sigma.shape == (1, 4)
    steps = list(network.decode(mu, 8, 1.0, 0, controls[0]))
    assert [step.shape for step in steps] == [(1, config.encoding.output_depth)] * 8


def test_refusals_state_rule_and_value():
    config = configs.find("cat-mel_2bar_small").with_hparams({"z_size": 4, "enc_rnn_size": [3], "dec_rnn_size": [5]})
    shapes = variables(config)
    zeros = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    network = MusicVaeNetwork(config, zeros)
    without = {name: zero for name, zero in zeros.items() if "sigma" not in name}  # as magenta-js may have it
    assert np.isnan(MusicVaeNetwork(config, without).encode(np.zeros((1, 32, 90)))[1]).all()
    x = np.zeros((1, 32, 90), np.float32)
    for call, reason in (
        (lambda: configs.find("cat-mel"), "config must be one of cat-mel_2bar_small, .*got 'cat-mel'"),
        (lambda: config.with_hparams({"zsize": 3}), "'zsize' is not one of"),
        (lambda: config.with_hparams({"z_size": "3"}), "z_size must be a whole number"),
        (lambda: config.with_hparams({"enc_rnn_size": [0]}), r"enc_rnn_size must be a list of sizes .* got \[0\]"),
        (lambda: network.encode(x[0]), r"x must have shape \[batch, time, 90\], got \[32, 90\]"),
        (lambda: network.encode(x, [33]), r"lengths must be 0..32, got \[33\]"),
        (lambda: network.encode(x, controls=np.zeros((1, 32, 3))), r"controls must have shape \[1, 32, 0\]"),
        (lambda: network.decode(np.zeros((1, 5)), 32), r"z must have shape \[batch, 4\], got \[1, 5\]"),
        (lambda: network.decode(np.zeros((1, 4)), 32, -1.0), "temperature must be 0 or more, got -1.0"),
        (lambda: MusicVaeNetwork(config, {}), "the checkpoint has no variable 'encoder/cell_0/.*kernel'"),
        (
            lambda: MusicVaeNetwork(config, zeros | {"encoder/mu/bias": np.zeros(3)}),
            r"must have shape \[4\], got \[3\]",
        ),
        (lambda: MusicVaeNetwork(config, zeros | {"encoder/mu/bias": np.full(4, np.nan)}), "must be finite"),
    ):
        with pytest.raises(ValueError, match=reason):
            call()
