import contextlib
import io
import json
import shutil
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import protobuf
from models.music_vae import checkpoints, configs, from_checkpoint
from models.music_vae.checkpoints import magenta_js, own, snappy, table, tensorflow
from models.music_vae.checkpoints.crc32c import crc32c, masked
from models.music_vae.network import variables

from .conftest import DATA, load

NAME = "cat-mel_2bar_small"
FOLDER = DATA / NAME
PREFIX = FOLDER / "model.ckpt"
SHARD = "model.ckpt.data-00000-of-00001"


@pytest.fixture(scope="module")
def weights():
    return checkpoints.read(PREFIX)[1]


@pytest.fixture(scope="module")
def config():
    return configs.find(NAME).with_hparams(load(NAME).meta["hparams"])


def same(found, wanted, atol=0.0):
    assert set(found) == set(wanted)
    for name, array in found.items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, wanted[name], rtol=0, atol=atol)


def test_a_bundle_holds_what_the_network_needs_and_nothing_else(reference):
    config = configs.find(reference.name).with_hparams(reference.meta["hparams"])
    _, tensors = checkpoints.read(reference.checkpoint)
    assert {name: array.shape for name, array in tensors.items()} == variables(config)


def test_every_way_in_gives_the_same_weights(tmp_path, weights, config):
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        for file in FOLDER.glob("model.ckpt.*"):
            archive.add(file, f"some/folder/{file.name}")
    shutil.copytree(FOLDER, tmp_path / "folder")
    np.savez(tmp_path / "weights.npz", **weights, **{"encoder/mu/bias/Adam": np.ones(3), "global_step": np.int64(7)})
    own.write(tmp_path / "own.safetensors", config, weights)
    magenta_js.write(tmp_path / "js", config, weights)
    for path in (
        FOLDER / "model.ckpt.index",
        FOLDER / SHARD,
        tmp_path / "model.tar.gz",
        tmp_path / "folder",
        tmp_path / "weights.npz",
        tmp_path / "own.safetensors",
        tmp_path / "js",
    ):
        same(checkpoints.read(path)[1], weights)


def test_own_files_name_their_configuration(tmp_path, weights, config):
    path = tmp_path / "own.safetensors"
    own.write(path, config, weights, np.float16)
    network = from_checkpoint(path)
    assert network.config == config
    assert sorted(file.name for file in tmp_path.iterdir()) == ["own.safetensors"]
    with pytest.raises(ValueError, match="say which one config is"):
        from_checkpoint(PREFIX)
    with pytest.raises(ValueError, match="must have shape"):
        from_checkpoint(path, config="cat-drums_2bar_small")


@pytest.mark.parametrize(("precision", "levels"), [("uint8", 255), ("uint16", 65535)])
def test_magenta_js_quantisation_is_within_half_a_level(tmp_path, weights, config, precision, levels):
    magenta_js.write(tmp_path, config, weights, precision)
    assert json.loads((tmp_path / "config.json").read_text())["dataConverter"]["args"]["numSteps"] == 32
    for name, array in magenta_js.read(tmp_path).items():
        spread = float(np.ptp(weights[name]))
        np.testing.assert_allclose(array, weights[name], rtol=0, atol=0.5001 * spread / levels + 1e-7)


@pytest.mark.parametrize("name", configs.CONFIGS)
def test_every_configuration_is_saved_in_all_formats_and_read_back(tmp_path, name):
    config = configs.find(name)
    sizes = {
        "z_size": 4,
        "enc_rnn_size": [3] * len(config.hparams.enc_rnn_size),
        "dec_rnn_size": [5] * len(config.hparams.dec_rnn_size),
    }
    config = config.with_hparams(sizes)
    rng = np.random.default_rng(0)
    wanted = {key: rng.standard_normal(shape, np.float32) for key, shape in variables(config).items()}
    tensorflow.write(tmp_path / "model.ckpt", wanted)
    own.write(tmp_path / "own.safetensors", config, wanted)
    paths = [tmp_path / "model.ckpt", tmp_path / "own.safetensors"]
    with contextlib.suppress(ValueError):  # what magenta-js cannot read: below
        magenta_js.write(tmp_path / "js", config, wanted)
        paths.append(tmp_path / "js")
    z = rng.standard_normal((1, 4), np.float32)
    controls = np.zeros((16, config.encoding.control_depth), np.float32)
    decoded = []
    for path in paths:
        same(checkpoints.read(path)[1], wanted)
        network = from_checkpoint(path, name, sizes)
        decoded.append(np.stack(list(network.decode(z, 16, 1.0, 3, controls))))
    assert all(np.array_equal(steps, decoded[0]) for steps in decoded)


@pytest.mark.parametrize("name", ["hierdec-mel_16bar", "flat-mel_16bar", "flat-trio_16bar"])
def test_magenta_js_is_not_written_for_what_it_cannot_read(name):
    with pytest.raises(ValueError, match="magenta-js reads"):
        magenta_js.spec(configs.find(name))


def test_checksum_is_castagnolis_however_long():
    assert crc32c(b"123456789") == 0xE3069283  # RFC 3720
    assert crc32c(bytes(32)) == 0x8A9136AA
    data = np.random.default_rng(0).bytes(9001)
    bit_by_bit = 0xFFFFFFFF
    for byte in data:
        bit_by_bit ^= byte
        for _ in range(8):
            bit_by_bit = bit_by_bit >> 1 ^ (0x82F63B78 if bit_by_bit & 1 else 0)
    assert crc32c(data) == bit_by_bit ^ 0xFFFFFFFF


def test_snappy_copies_and_literals():
    plain = b"abcdabcdabcdabcd" + bytes(range(100))
    packed = bytes([116, 3 << 2]) + b"abcd" + bytes([(8 << 2) | 1, 4, (3 << 2) | 2, 4, 0])  # 4 literal, 12, 4 copied
    packed = bytes([116, 3 << 2]) + b"abcd" + bytes([(11 << 2) | 2, 4, 0, 60 << 2, 99]) + bytes(range(100))
    assert snappy.decompress(packed, 1000) == plain
    for broken in (packed[:-1], bytes([116, (11 << 2) | 2, 4, 0]), packed[:1], b"\xff\xff\xff\xff\x7f"):
        with pytest.raises(ValueError, match=r"compressed block|number"):
            snappy.decompress(broken, 1000)


def copied(folder):
    for file in FOLDER.glob("model.ckpt.*"):
        shutil.copy(file, folder)
    return folder / "model.ckpt"


def test_a_damaged_or_cut_bundle_is_refused_with_the_reason(tmp_path):
    prefix = copied(tmp_path)
    data = bytearray((tmp_path / SHARD).read_bytes())
    data[1000] ^= 1
    (tmp_path / SHARD).write_bytes(data)
    with pytest.raises(ValueError, match="does not match its checksum"):
        checkpoints.read(prefix)
    (tmp_path / SHARD).write_bytes(data[:5000])
    with pytest.raises(ValueError, match="it has 5000"):
        checkpoints.read(prefix)
    (tmp_path / SHARD).unlink()
    with pytest.raises(ValueError, match="has no file 'model"):
        checkpoints.read(prefix)
    (tmp_path / "model.ckpt.index").write_bytes(b"not an index")
    with pytest.raises(ValueError, match="magic number"):
        checkpoints.read(prefix)
    with pytest.raises(FileNotFoundError, match="neither a file or folder"):
        checkpoints.read(tmp_path / "other.ckpt")


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_index_whatever_its_bytes_does_more_than_be_refused(data):
    index = bytearray((FOLDER / "model.ckpt.index").read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        index[data.draw(st.integers(0, len(index) - 1))] = data.draw(st.integers(0, 255))
    index = index[: data.draw(st.integers(0, len(index)))] if data.draw(st.booleans()) else index
    try:
        list(table.entries(bytes(index)))
    except ValueError as error:
        assert str(error)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_no_message_whatever_its_bytes_does_more_than_be_refused(data):
    for read in (lambda: list(protobuf.fields(data)), lambda: snappy.decompress(data, 1000)):
        try:
            read()
        except ValueError as error:
            assert str(error)


def bundle(folder, entry, data=b"", header=b"\x08\x01"):
    """A checkpoint of one variable `v` whose entry is those bytes."""
    (folder / "m.index").write_bytes(table.table([(b"", header), (b"v", entry)]))
    (folder / "m.data-00000-of-00001").write_bytes(data)
    return folder / "m"


@pytest.mark.parametrize(
    ("entry", "header", "reason"),
    [
        (b"\x08\x01\x12\x04\x12\x02\x08\x02\x28\x04", b"\x08\x01", r"shape \[2\] and float32 cannot have 4 bytes"),
        (
            b"\x08\x01\x12\x0c\x12\x0a\x08" + protobuf.encoded((1 << 62) + 1) + b"\x28\x04",
            b"\x08\x01",
            "cannot have 4 bytes",
        ),
        (b"\x08\x01\x20\x08\x28\x04", b"\x08\x01", "bytes 8 to 12 are asked for, it has 4"),
        (b"\x08\x01\x28\x04", b"\x08\x01\x10\x01", "big-endian"),
        (b"\x08\x01\x28\x04", b"\x08\x00", "1..99999 shards, got 0"),
        (b"\x08\x01\x18\x05\x28\x04", b"\x08\x01", "has no file 'm.data-00005-of-00001'"),
        (b"\x12\x7f", b"\x08\x01", "lie within its message"),
        (b"\x10\x01", b"\x08\x01", "must be a message holds the number 1"),
        (b"\x08\x09\x28\x04", b"\x08\x01", "holds no weights"),
    ],
)
def test_bundles_that_lie_are_refused(tmp_path, entry, header, reason):
    with pytest.raises(ValueError, match=reason):
        checkpoints.read(bundle(tmp_path, entry, bytes(4), header))


def test_a_bundle_made_by_hand_is_read(tmp_path):
    data = np.float32(2.5).tobytes()
    entry = b"\x08\x01\x28\x04\x35" + masked(crc32c(data)).to_bytes(4, "little")
    assert checkpoints.read(bundle(tmp_path, entry, data))[1]["v"] == 2.5


def test_archives_are_never_unpacked_and_hold_one_checkpoint(tmp_path):
    def archive(*members):
        path = tmp_path / "a.tar"
        with tarfile.open(path, "w") as tar:
            for info, data in members:
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return path

    link = tarfile.TarInfo("model.ckpt.index")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for members, reason in (
        ([(link, b"")], "must hold one checkpoint"),
        ([(tarfile.TarInfo("../../a.index"), b"x"), (tarfile.TarInfo("b/a.index"), b"x")], "two files are called"),
        ([(tarfile.TarInfo("../a.index"), b"x"), (tarfile.TarInfo("b.index"), b"x")], "must hold one checkpoint"),
        ([(tarfile.TarInfo("../../a.index"), b"x")], "magic number"),
    ):
        with pytest.raises(ValueError, match=reason):
            checkpoints.read(archive(*members))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]
    whole = archive((tarfile.TarInfo("a.index"), bytes(5000))).read_bytes()
    (tmp_path / "a.tar").write_bytes(whole[:3000])
    with pytest.raises(ValueError, match=r"not a whole tar|ends after|cannot be read"):
        checkpoints.read(tmp_path / "a.tar")


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ([{"paths": ["../weights.npz"], "weights": []}], "must lie in its own folder"),
        ([{"paths": ["/etc/passwd"], "weights": []}], "must lie in its own folder"),
        ([{"paths": ["s"], "weights": [{"name": "a", "shape": [9], "dtype": "float32"}]}], "ends at byte 36"),
        ([{"paths": ["s"], "weights": [{"name": "a", "shape": [-1], "dtype": "float32"}]}], "must be whole numbers"),
        ([{"paths": ["s"], "weights": [{"name": "a", "shape": [], "dtype": "string"}]}], "must be one of float32"),
        (
            [
                {
                    "paths": ["s"],
                    "weights": [
                        {
                            "name": "a",
                            "shape": [],
                            "dtype": "float32",
                            "quantization": {"dtype": "uint8", "scale": "x", "min": 0},
                        }
                    ],
                }
            ],
            "must be finite numbers, got 'x'",
        ),
        ([{"paths": ["s"]}], "not a manifest: KeyError 'weights'"),
        ({"a": 1}, "not a manifest"),
        (None, "weights_manifest.json: "),
    ],
)
def test_manifests_that_lie_are_refused(tmp_path, manifest, reason):
    text = "{" if manifest is None else json.dumps(manifest)
    (tmp_path / magenta_js.MANIFEST).write_text(text)
    (tmp_path / "s").write_bytes(bytes(8))
    with pytest.raises(ValueError, match=reason):
        checkpoints.read(tmp_path)


def test_other_files_are_refused(tmp_path):
    np.savez(tmp_path / "pickled.npz", a=np.array([{}], object))
    (tmp_path / "text.npz").write_text("hello")
    (tmp_path / "text.safetensors").write_text("hello")
    (tmp_path / "text.bin").write_text("hello")
    for name, reason in (
        ("pickled.npz", "not a readable .npz"),
        ("text.npz", "not a readable .npz"),
        ("text.safetensors", "not a safetensors file"),
        ("text.bin", "a checkpoint must be"),
    ):
        with pytest.raises(ValueError, match=reason):
            checkpoints.read(tmp_path / name)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="found none"):
        checkpoints.read(tmp_path / "empty")
