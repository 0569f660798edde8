"""Checkpoints from disk: those that load, and those that must not."""

import json
import pickle
import shutil
from pathlib import Path

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch
from original_layout import original_layout
from safetensors.torch import load_file, save_file

from models.diffusion.loading import detect_family, load, locate

TURBO = {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing", "steps_offset": 1}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*args: object) -> None:
        raise AssertionError(f"a connection was tried: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def folder(tiny, tmp_path: Path) -> Path:
    tiny().save_pretrained(tmp_path / "tiny", safe_serialization=True)
    return tmp_path / "tiny"


@pytest.mark.parametrize(("kind", "family"), [("sd", "sd"), ("lcm", "lcm"), ("sdxl", "sdxl")])
def test_a_saved_folder_comes_back_the_same(tiny, tmp_path, kind, family):
    tiny(kind=kind).save_pretrained(tmp_path, safe_serialization=True)
    loaded = load(str(tmp_path))
    assert loaded.family == family
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = (getattr(one, part).state_dict() for one in (loaded.pipeline, tiny(kind=kind)))
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)
    text = ("a lamp", "cpu", 1, False) if kind != "sdxl" else ("a lamp",)
    torch.testing.assert_close(
        loaded.pipeline.encode_prompt(*text)[0], tiny(kind=kind).encode_prompt(*text)[0], rtol=1e-5, atol=1e-5
    )


def test_a_tiny_autoencoder_takes_the_place_of_the_checkpoint_s_own(tiny, tmp_path):
    tiny(kl=True).save_pretrained(tmp_path / "a", safe_serialization=True)
    tiny().vae.save_pretrained(tmp_path / "b", safe_serialization=True)
    assert type(load(str(tmp_path / "a")).pipeline.vae).__name__ == "AutoencoderKL"
    loaded = load(str(tmp_path / "a"), autoencoder=str(tmp_path / "b"))
    assert type(loaded.pipeline.vae).__name__ == "AutoencoderTiny"


@pytest.mark.parametrize(
    ("unet", "scheduler", "family"),
    [
        ({}, {}, "sd"), ({}, TURBO, "sd-turbo"), ({"time_cond_proj_dim": 256}, {}, "lcm"),
        ({"addition_embed_type": "text_time"}, TURBO, "sdxl-turbo"),
    ],
)  # fmt: skip
def test_the_family_is_told_by_the_configurations(unet, scheduler, family):
    assert detect_family(unet, scheduler) == family


def test_a_turbo_folder_keeps_its_noise_schedule(folder):
    path = folder / "scheduler" / "scheduler_config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps({key: config[key] for key in ("beta_start", "beta_end", "beta_schedule")} | TURBO))
    loaded = load(str(folder))
    assert loaded.family == "sd-turbo"
    assert loaded.pipeline.scheduler.config.beta_schedule == "scaled_linear"


class Payload:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.PTH", "model.bin"])
def test_a_pickle_is_refused_unread(tmp_path, name):
    mark, path = tmp_path / "ran", tmp_path / name
    path.write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises(ValueError, match="can run code when it is read"):
        load(str(path))
    assert not mark.exists()


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
def test_a_pickle_in_a_folder_is_refused_unread(folder, tmp_path, part):
    mark = tmp_path / "ran"
    for path in (folder / part).glob("*.safetensors"):
        path.unlink()
        for name in ("diffusion_pytorch_model.bin", "pytorch_model.bin"):
            (path.parent / name).write_bytes(pickle.dumps(Payload(mark)))
    with pytest.raises((ValueError, OSError), match="safetensors"):
        load(str(folder))
    assert not mark.exists()


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"_class_name": "EvilPipeline"}, "the pipeline must be one of .* got 'EvilPipeline'"),
        ({"_class_name": ["evil.py", "EvilPipeline"]}, "the pipeline must be one of"),
        ({"unet": ["evil", "Evil"]}, r"unet must be UNet2DConditionModel of diffusers, got \['evil', 'Evil'\]"),
        ({"unet": ["diffusers", "FluxTransformer2DModel"]}, "unet must be"),
        ({"text_encoder": ["os", "system"]}, "text_encoder must be"),
        ({"vae": None}, "vae must be"),
        ({"tokenizer": "CLIPTokenizer"}, "tokenizer must be"),
    ],
)
def test_an_index_that_names_anything_else_is_refused_and_no_code_of_its_own_runs(folder, tmp_path, changes, words):
    mark = tmp_path / "ran"
    for place in (folder, folder / "unet"):
        (place / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass EvilPipeline: pass\nEvil = EvilPipeline\n")
    edit(folder / "model_index.json", **changes)
    with pytest.raises(ValueError, match=words):
        load(str(folder))
    assert not mark.exists()


def test_code_that_a_configuration_names_does_not_run(folder, tmp_path):
    mark = tmp_path / "ran"
    for part in ("tokenizer", "text_encoder", "unet"):
        (folder / part / "evil.py").write_text(f"open({str(mark)!r}, 'w')\nclass Evil: pass\n")
        name = "tokenizer_config.json" if part == "tokenizer" else "config.json"
        edit(folder / part / name, auto_map={"AutoTokenizer": ["evil.Evil", None], "AutoModel": "evil.Evil"})
    load(str(folder))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("model_index.json", b"{"),
        ("model_index.json", b"[]"),
        ("model_index.json", b"[" * 100_000),
        ("model_index.json", b"\xff\xfe"),
        ("unet/config.json", b"{"),
        ("unet/config.json", b'{"block_out_channels": "wide"}'),
        ("unet/config.json", b'{"_class_name": "UNet2DConditionModel", "block_out_channels": [7, 13]}'),
        ("unet/diffusion_pytorch_model.safetensors", b"\xff" * 64),
        ("unet/diffusion_pytorch_model.safetensors", b""),
        ("text_encoder/model.safetensors", b"\x00" * 100),
        ("scheduler/scheduler_config.json", b'{"beta_schedule": "crooked"}'),
        ("scheduler/scheduler_config.json", b"null"),
        ("vae/config.json", b'{"encoder_block_out_channels": [1, 2]}'),
    ],
)
def test_a_broken_folder_says_what_is_wrong(folder, path, content):
    (folder / path).write_bytes(content)
    with pytest.raises((ValueError, OSError)) as error:
        load(str(folder))
    assert str(folder) in str(error.value)


@pytest.mark.parametrize("path", ["model_index.json", "unet", "text_encoder/config.json", "scheduler"])
def test_a_folder_with_a_part_missing_is_refused(folder, path):
    shutil.rmtree(folder / path) if (folder / path).is_dir() else (folder / path).unlink()
    with pytest.raises((ValueError, OSError)):
        load(str(folder))


@pytest.mark.parametrize(
    ("part", "name"),
    [("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model")],
)
def test_missing_weights_are_not_made_up(folder, part, name):
    path = folder / part / f"{name}.safetensors"
    weights = load_file(path)
    weights.pop(sorted(weights)[0])
    save_file(weights, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"lacks 1 weights|missing"):
        load(str(folder))


@pytest.mark.parametrize("place", ["", "no/such/folder/at-all", "nothing.safetensors", "//host/share", r"\\host\share"])
def test_what_is_not_there_says_so(place):
    with pytest.raises((ValueError, OSError), match="checkpoint must"):
        locate(place)


def test_a_hub_name_is_looked_for_in_the_cache_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(OSError, match="the network is not allowed"):
        locate("nobody/nothing")


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ValueError, match=r"checkpoint must be \.safetensors or a folder"):
        locate(str(tmp_path / "notes.txt"))
    (tmp_path / "alone.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="cannot be loaded"):
        load(str(tmp_path / "alone.safetensors"))
    save_file({"weight": torch.zeros(1)}, tmp_path / "alone.safetensors")
    with pytest.raises(ValueError, match=r"must hold SD 1\.5, 2 or SDXL in the original layout"):
        load(str(tmp_path / "alone.safetensors"))


@pytest.fixture
def single(tiny, tmp_path: Path) -> Path:
    """One file in the original layout, and the configurations beside it without weights."""
    tiny(kl=True).save_pretrained(tmp_path, safe_serialization=True)
    for path in tmp_path.rglob("*.safetensors"):
        path.unlink()
    save_file(original_layout(tiny(kl=True)), tmp_path / "all.safetensors", metadata={"format": "pt"})
    return tmp_path / "all.safetensors"


def test_a_single_file_is_loaded_by_the_configurations_beside_it(tiny, single):
    loaded = load(str(single))
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = (getattr(one, part).state_dict() for one in (loaded.pipeline, tiny(kl=True)))
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours), part


@pytest.mark.parametrize(
    "prefix", ["model.diffusion_model.input_blocks.1", "first_stage_model.decoder.mid", "cond_stage"]
)
def test_a_single_file_that_lacks_weights_is_refused(single, prefix):
    save_file(
        {name: value for name, value in load_file(single).items() if not name.startswith(prefix)},
        single,
        metadata={"format": "pt"},
    )
    with pytest.raises((ValueError, OSError)):
        load(str(single))
