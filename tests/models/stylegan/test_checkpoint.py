"""Files of StyleGAN: what is taken from them, and that nothing of them runs.

Hostile files are written with Python's own pickling, which runs nothing; they are read by ours alone.
"""

import io
import json
import os
import pickle
import struct
import warnings

import numpy as np
import pytest
from nvidia_files import SMALL_2, SMALL_3, Part, nvidia_modules, snapshot, tensors_2, tensors_3
from safetensors.numpy import save_file

from models.stylegan import restricted
from models.stylegan.checkpoint import load, save


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Where hostile files would leave something."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "it_ran").exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_tensors_and_arguments_are_taken(tmp_path, protocol):
    tensors = tensors_2(SMALL_2)
    if protocol == 2:  # bytes are then a call, which no file of NVIDIA's has
        with pytest.raises(ValueError, match=r"names '\w+\.\w+', which no such file needs"):
            load(snapshot(tmp_path / "old.pkl", tensors, SMALL_2, protocol))
        return
    found = load(snapshot(tmp_path / "net.pkl", tensors, SMALL_2, protocol))
    assert found.tensors.keys() == tensors.keys()
    assert all(np.array_equal(found.tensors[name], tensors[name]) for name in tensors)
    config = found.config
    assert (config.version, config.z_dim, config.w_dim, config.img_resolution) == (2, 6, 7, 16)
    assert (config.mapping_layers, config.channel_base, config.conv_clamp) == (2, 64, 256)


def test_stylegan3_and_half_precision(tmp_path):
    tensors, _ = tensors_3(SMALL_3)
    half = "synthesis.input.weight"
    found = load(snapshot(tmp_path / "net.pkl", tensors, SMALL_3, half={half}))
    assert (found.config.version, found.config.num_layers, found.config.conv_clamp) == (3, 5, 256)
    assert np.allclose(found.tensors.pop(half), tensors.pop(half), atol=2e-3)
    assert all(np.array_equal(found.tensors[name], tensors[name]) for name in tensors)


def test_all_arguments_that_nvidias_converter_gives_are_known(tmp_path):
    mapping = {"num_layers": 2, "embed_features": None, "layer_features": 7, "activation": "lrelu"}
    mapping |= {"lr_multiplier": 0.02, "w_avg_beta": 0.995}
    synthesis = {"channel_base": 64, "channel_max": 6, "num_fp16_res": 0, "conv_clamp": None, "architecture": "skip"}
    synthesis |= {"resample_filter": [1, 3, 3, 1], "use_noise": True, "activation": "lrelu"}
    told = SMALL_2 | {"mapping_kwargs": mapping, "synthesis_kwargs": synthesis}
    config = load(snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), told)).config
    assert (config.lr_multiplier, config.conv_clamp, config.mapping_layers) == (0.02, None, 2)


def test_stylegan3_gives_its_synthesis_arguments_beside_the_others(tmp_path):
    told = {name: value for name, value in SMALL_3.items() if name != "synthesis_kwargs"}
    flat = told | SMALL_3["synthesis_kwargs"] | {"magnitude_ema_beta": 0.999, "synthesis_kwargs": {}}
    config = load(snapshot(tmp_path / "net.pkl", tensors_3(SMALL_3)[0], flat)).config
    assert (config.num_layers, config.mapping_layers, config.channel_max, config.conv_clamp) == (5, 2, 6, 256)


def test_positional_arguments_and_the_generator_alone(tmp_path):
    path = snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2)
    with nvidia_modules():
        part = Part("Generator", {"_init_args": (6, 0, 7, 8, 3), "_init_kwargs": {}, "_buffers": {}, "_modules": {}})
        path.write_bytes(pickle.dumps({"G": part}))
    with pytest.raises(ValueError, match="neither StyleGAN2's"):
        load(path)


def test_safetensors_come_back_the_same(tmp_path):
    found = load(snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2))
    save(found, tmp_path / "net.safetensors")
    again = load(tmp_path / "net.safetensors")
    assert again.config == found.config
    assert all(np.array_equal(again.tensors[name], found.tensors[name]) for name in found.tensors)


@pytest.mark.parametrize(
    ("told", "match"),
    [
        ({}, "metadata must tell"),
        ({"stylegan": "7"}, "metadata must tell"),
        ({"stylegan": '{"version": 2, "extra": 1}'}, "of .* alone"),
        ({"stylegan": '{"version": 2, "z_dim": 1000000}'}, "z_dim must be a number in 1..4096"),
        ({"stylegan": '{"version": 2, "img_resolution": 24}'}, "power of two"),
        ({"stylegan": "[" * 100_000}, "refused"),
    ],
)
def test_safetensors_without_a_right_configuration_are_refused(tmp_path, told, match):
    save_file({"x": np.zeros(1, np.float32)}, tmp_path / "net.safetensors", told)
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "net.safetensors")


class Calls:
    """Reduces to a call of anything."""

    def __init__(self, called, *arguments):
        self.what = called, arguments

    def __reduce__(self):
        return self.what


RUN = "import os; os.system('touch it_ran')"
HOSTILE = {
    "os.system": Calls(os.system, "touch it_ran"),
    "builtins.eval": Calls(eval, "open('it_ran', 'w')"),
    "builtins.exec": Calls(exec, RUN),
    "builtins.getattr": Calls(getattr, "", "join"),
    "builtins.__import__": Calls(__import__, "os"),
    "nested": {"G_ema": {"deep": [1, (Calls(os.system, "touch it_ran"),)]}},
    "class": {"G_ema": os.PathLike},
}


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("what", HOSTILE)
def test_what_would_run_is_refused_by_name(tmp_path, what, protocol):
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(HOSTILE[what], protocol))
    with pytest.raises(ValueError, match=r"names '.*', which no such file needs; nothing of it was run"):
        load(tmp_path / "net.pkl")


def name(module, attribute):
    return f"c{module}\n{attribute}\n".encode()


WRITTEN = {
    # a chain of attributes in one name, as protocol 4 allows it to Python's own reader
    "chain": (
        b"\x80\x04\x8c\x05torch\x8c\x11storage.os.system\x93\x8c\x0ctouch it_ran\x85R.",
        "names 'torch.storage",
    ),
    "inner": (b"\x80\x04\x8c\x05torch\x8c\x19_utils._rebuild_tensor_v2\x93).", "it is broken|no generator"),
    "newobj": (b"\x80\x02" + name("torch", "device") + b")\x81.", "calls torch.device"),
    "inst": (b"\x80\x02(S'touch it_ran'\nios\nsystem\n.", "instruction STRING"),
    "inst without a word": (b"\x80\x02(ios\nsystem\n.", "instruction INST"),
    "obj": (b"\x80\x02(cos\nsystem\n", "names 'os.system'"),
    "extension": (b"\x80\x02\x82\x01.", "instruction EXT1"),
    "persistent": (b"\x80\x02\x8c\x01aQ.", "instruction BINPERSID"),
    "state": (b"\x80\x02}\x8c\x01ab.", "sets the state of dict"),
    "call of data": (b"\x80\x02\x8c\x01a)R.", "calls str"),
    "call of a name without arguments": (b"\x80\x02" + name("torch._utils", "_rebuild_tensor_v2") + b")R.", "broken"),
    "tensorflow": (b"\x80\x02" + name("dnnlib.tflib.network", "Network") + b").", "TensorFlow"),
    "long string": (b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"a.", "broken"),
    "long bytes": (b"\x80\x04\x8e" + struct.pack("<Q", 2**63 + 1) + b"a.", "broken"),
    "long array": (b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"a.", "broken"),
    "long number": (b"\x80\x02\x8b" + struct.pack("<i", 2**30) + b"a.", "broken"),
    "long line": (b"\x80\x02c" + b"a" * 10_000_000, "broken"),
    "frame": (b"\x80\x04\x95" + struct.pack("<Q", 2**50) + b"N.", "no generator"),
    "memo": (b"\x80\x02j\xff\xff\xff\xff.", "broken"),
    "empty": (b"", "first byte"),
    "nothing left": (b"\x80\x02.", "broken"),
    "no mark": (b"\x80\x02t.", "broken"),
    "deep list": (b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".", "no generator"),
    "deep tuple": (b"\x80\x02N" + b"\x85" * 100_000 + b".", "no generator"),
    "deep key": (b"\x80\x02}N" + b"\x85" * 100_000 + b"Ns.", "as a key"),
    "deep marks": (b"\x80\x02" + b"(" * 100_000 + b".", "broken"),
    "in itself": (b"\x80\x02]q\x00h\x00a.", "no generator"),
    "dict in itself": (b"\x80\x02}q\x00\x8c\x05G_emah\x00s.", "no generator"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "first byte"),
    "a zip": (b"PK\x03\x04" + bytes(100), "zip file"),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_broken_and_hostile_bytes_are_refused(tmp_path, what):
    data, match = WRITTEN[what]
    (tmp_path / "net.pkl").write_bytes(data)
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "net.pkl")


def test_instructions_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(restricted, "MOST_STEPS", 1000)
    (tmp_path / "net.pkl").write_bytes(b"\x80\x02" + b"N0" * 500 + b".")
    with pytest.raises(ValueError, match="more than 1000 instructions"):
        load(tmp_path / "net.pkl")


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    path = snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2)
    monkeypatch.setattr(restricted, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match="it must be at most"):
        load(path)


def test_a_file_that_is_cut_short_anywhere_is_refused(tmp_path):
    path = snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2)
    data = path.read_bytes()
    for end in range(0, len(data) - 1, max(1, len(data) // 40)):
        path.write_bytes(data[:end])
        with pytest.raises(ValueError, match="refused"):
            load(path)


def test_bytes_that_were_changed_are_read_or_refused(tmp_path):
    path = snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2)
    data, rng = bytearray(path.read_bytes()), np.random.default_rng(5)
    for _ in range(80):
        changed = bytearray(data)
        for at in rng.integers(len(data), size=3):
            changed[at] = rng.integers(256)
        path.write_bytes(changed)
        try:
            load(path)
        except ValueError as error:
            assert "refused" in str(error)


class Rebuilt:
    """A tensor that claims to be of another shape than its storage holds."""

    def __init__(self, offset, shape, strides):
        self.claims = offset, shape, strides

    def __reduce__(self):
        import torch

        storage = torch.storage.TypedStorage(wrap_storage=torch.zeros(4).untyped_storage(), dtype=torch.float32)
        return torch._utils._rebuild_tensor_v2, (storage, *self.claims, False, {})


@pytest.mark.filterwarnings("ignore:TypedStorage is deprecated")
@pytest.mark.parametrize(
    ("claims", "match"),
    [
        ((0, (2**20, 2**20), (0, 0)), "larger than its storage"),
        ((0, (5,), (1,)), "larger than its storage"),
        ((2, (4,), (1,)), "reaches to 5"),
        ((0, (2, 2), (100, 1)), "reaches to 101"),
        ((-1, (2,), (1,)), "shape is none"),
        ((0, (2,), (-1,)), "shape is none"),
        ((0, (2,), ()), "shape is none"),
        ((0, (True,), (1,)), "shape is none"),
        ((0, (1,) * 40, (1,) * 40), "shape is none"),
    ],
)
def test_tensors_that_reach_out_of_their_storage_are_refused(tmp_path, claims, match):
    with nvidia_modules():
        state = {"_buffers": {"x": Rebuilt(*claims)}, "_parameters": {}, "_modules": {}}
        (tmp_path / "net.pkl").write_bytes(pickle.dumps({"G_ema": Part("Generator", state)}))
    with pytest.raises(ValueError, match=match):
        load(tmp_path / "net.pkl")


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"img_resolution": 2**30}, "img_resolution must be a number in 4..2048"),
        ({"z_dim": 1.5}, "z_dim must be a whole number"),
        ({"z_dim": True}, "z_dim must be"),
        ({"strange": 1}, "made with strange"),
        ({"synthesis_kwargs": {"architecture": "orig"}}, "architecture must be 'skip'"),
        ({"mapping_kwargs": {"activation": "relu"}}, "activation must be 'lrelu'"),
        ({"mapping_kwargs": {"layer_features": 9}}, "layer_features must be as w_dim, 7"),
        ({"synthesis_kwargs": {"channel_max": None}}, "channel_max must be"),
        ({"mapping_kwargs": {"num_layers": 10**9}}, "mapping_layers must be"),
    ],
)
def test_arguments_that_are_not_known_are_refused(tmp_path, changed, match):
    told = SMALL_2 | {
        name: SMALL_2[name] | value if isinstance(value, dict) else value for name, value in changed.items()
    }
    with pytest.raises(ValueError, match=match):
        load(snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), told))


def test_parts_without_an_end_are_refused(tmp_path):
    with nvidia_modules():
        part = Part("Generator", {"_modules": {}})
        for _ in range(40):  # each holds the last twice: a million million parts
            part = Part("Generator", {"_modules": {"a": part, "b": part}})
        (tmp_path / "net.pkl").write_bytes(pickle.dumps({"G_ema": part}))
    with pytest.raises(ValueError, match="go deeper"):
        load(tmp_path / "net.pkl")


def test_tensors_that_share_a_storage_do_not_grow(tmp_path):
    import torch

    shared = torch.zeros(1000)
    with nvidia_modules():
        state = {"_buffers": {str(i): shared for i in range(500)}, "_parameters": {}, "_modules": {}}
        (tmp_path / "net.pkl").write_bytes(pickle.dumps({"G_ema": Part("Generator", state)}))
    with pytest.raises(ValueError, match="more numbers than the file holds"):
        load(tmp_path / "net.pkl")


@pytest.mark.parametrize("where", ["_buffers", "_modules"])
def test_too_many_parts_are_refused(tmp_path, where):
    with nvidia_modules():
        state = {"_buffers": {}, "_parameters": {}, "_modules": {}} | {where: dict.fromkeys(map(str, range(20_000)))}
        (tmp_path / "net.pkl").write_bytes(pickle.dumps({"G_ema": Part("Generator", state)}))
    with pytest.raises(ValueError, match="more than 10000"):
        load(tmp_path / "net.pkl")


def test_instructions_of_storages_are_counted_too(tmp_path, monkeypatch):
    import torch

    kept = io.BytesIO()
    with warnings.catch_warnings(action="ignore"):  # TypedStorage is deprecated
        torch.save(torch.zeros(2).storage(), kept, _use_new_zipfile_serialization=False)
    inner = b"\x80\x02" + b"N0" * 500 + kept.getvalue()[2:]
    call = name("torch.storage", "_load_from_bytes") + b"h\x00\x85R0"
    data = b"\x80\x03B" + struct.pack("<I", len(inner)) + inner + b"q\x00" + call * 10 + b"."
    (tmp_path / "net.pkl").write_bytes(data)
    with pytest.raises(ValueError, match="holds no generator"):
        load(tmp_path / "net.pkl")
    monkeypatch.setattr(restricted, "MOST_STEPS", 5000)
    with pytest.raises(ValueError, match="more than 5000 instructions"):
        load(tmp_path / "net.pkl")


def test_other_classes_are_refused(tmp_path):
    with nvidia_modules():
        (tmp_path / "net.pkl").write_bytes(pickle.dumps({"G_ema": Part("Discriminator", {})}))
    with pytest.raises(ValueError, match="must be a Generator, got Discriminator"):
        load(tmp_path / "net.pkl")
    (tmp_path / "net.pkl").write_bytes(pickle.dumps({"weights": [1, 2]}))
    with pytest.raises(ValueError, match="holds no generator"):
        load(tmp_path / "net.pkl")


def test_the_configuration_is_json(tmp_path):
    found = load(snapshot(tmp_path / "net.pkl", tensors_2(SMALL_2), SMALL_2))
    save(found, tmp_path / "net.safetensors")
    data = (tmp_path / "net.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    assert json.loads(header["__metadata__"]["stylegan"])["img_resolution"] == 16
