"""Single files without configurations beside them: their families, their tokenizer, and weights added to them."""

import gzip
import json
import shutil
from pathlib import Path

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from original_layout import original_layout
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from models.diffusion import families, loading, lora, tokenizer
from models.diffusion.architecture import random_pipeline
from models.diffusion.declaration import Diffusion
from models.diffusion.loading import load, named_loras, read_index

CLIP_L, OPENCLIP_H, OPENCLIP_G = 123_060_480, 340_387_840, 694_659_840
SIZES = {
    "sd": (859_520_964, CLIP_L), "lcm": (859_602_884, CLIP_L), "sd2": (865_910_724, OPENCLIP_H),
    "sd-turbo": (865_910_724, OPENCLIP_H), "sdxl": (2_567_463_684, CLIP_L), "sdxl-turbo": (2_567_463_684, CLIP_L),
}  # fmt: skip
"""Weights of the U-Net and of the first text encoder, as published."""


def config(family: str, part: str) -> dict:
    return json.loads((families.FOLDER / family / part / "config.json").read_text())


def count(network: torch.nn.Module) -> int:
    return sum(weights.numel() for weights in network.parameters())


@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_family_s_networks_have_the_published_sizes(family: str) -> None:
    read_index(families.FOLDER / family)
    with torch.device("meta"):
        unet = UNet2DConditionModel.from_config(config(family, "unet"))
        text_encoder = CLIPTextModel(CLIPTextConfig(**config(family, "text_encoder")))
        vae = AutoencoderKL.from_config(config(family, "vae"))
        assert (count(unet), count(text_encoder), count(vae)) == (*SIZES[family], 83_653_863)
        if family.startswith("sdxl"):
            second = CLIPTextModelWithProjection(CLIPTextConfig(**config(family, "text_encoder_2")))
            assert count(second) == OPENCLIP_G
    told = loading.detect_family(
        unet.config, json.loads((families.FOLDER / family / "scheduler" / "scheduler_config.json").read_text())
    )
    assert told == family.replace("sd2", "sd")


def test_the_declaration_names_the_families() -> None:
    assert Diffusion.params()["family"].choices == ("auto", *families.FAMILIES)


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        ({families.ASKED: [320, 768]}, "sd"),
        ({families.ASKED: [320, 768], families.GUIDED: [320, 256]}, "lcm"),
        ({families.ASKED: [320, 1024]}, "sd-turbo"),
        ({families.LABELS: [1280, 2816]}, "sdxl-turbo"),
    ],
)
def test_a_file_s_family_is_told_by_its_shapes(shapes: dict[str, list[int]], family: str) -> None:
    assert families.folder_of(shapes).name == family


@pytest.fixture
def merges(tmp_path: Path) -> Path:
    """A list of merges that makes "cat" one token."""
    path = tmp_path / tokenizer.MERGES
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("#version: 0.2\nc a\nca t</w>\n")
    return path


def test_the_tokenizer_is_built_from_the_list_of_merges(merges: Path) -> None:
    built = tokenizer.build(merges, "!")
    ids = built("a cat?", padding="max_length").input_ids
    assert ids[0] == built.bos_token_id == 512 + 2
    assert ids[1] == 320, "as CLIP has it: a letter that ends a word"
    assert built.convert_ids_to_tokens(ids[2:4]) == ["cat</w>", "?</w>"]
    assert ids[4] == built.eos_token_id
    assert set(ids[5:]) == {0}, "filled up with !"
    assert len(ids) == 77


def test_without_a_tokenizer_it_is_said_what_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "PACKAGES", ("no_such_package",))
    monkeypatch.setattr(tokenizer, "REPOSITORY", str(tmp_path / "none"))
    with pytest.raises(OSError, match="a single file needs CLIP's tokenizer: put a folder tokenizer"):
        tokenizer.find(tmp_path)


@pytest.fixture
def alone(tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny single file with a tokenizer beside it, of a family of its own."""
    tiny(kl=True).save_pretrained(tmp_path / "tiny", safe_serialization=True)
    for path in (tmp_path / "tiny").rglob("*.safetensors"):
        path.unlink()
    (tmp_path / "file").mkdir()
    shutil.move(tmp_path / "tiny" / "tokenizer", tmp_path / "file" / "tokenizer")
    save_file(original_layout(tiny(kl=True)), tmp_path / "file" / "all.safetensors", metadata={"format": "pt"})
    monkeypatch.setattr(families, "FOLDER", tmp_path)
    return tmp_path / "file" / "all.safetensors"


def test_a_single_file_is_shaped_by_its_family(tiny, alone: Path) -> None:
    with pytest.raises(ValueError, match="must hold SD"):
        load(str(alone))
    loaded = load(str(alone), family="tiny")
    for part in ("unet", "vae", "text_encoder"):
        ours, theirs = (getattr(one, part).state_dict() for one in (loaded.pipeline, tiny(kl=True)))
        assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours), part
    ids = [one.tokenizer("a lamp").input_ids for one in (loaded.pipeline, tiny(kl=True))]
    assert ids[0] == ids[1]


def test_networks_of_a_family_are_made_up_for_speed(tiny, alone: Path) -> None:
    made = random_pipeline("tiny", "cpu", torch.float32, families.FOLDER)
    assert count(made.unet) == count(tiny(kl=True).unet)


LINEAR = "mid_block.attentions.0.transformer_blocks.0.attn1.to_q"
CONV = "down_blocks.0.resnets.0.conv1"


def halves(pipeline, name: str, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    weight = pipeline.unet.get_submodule(name).weight
    generator = torch.Generator().manual_seed(seed)
    down = torch.randn((2, *weight.shape[1:]), generator=generator)
    return down, torch.randn((weight.shape[0], 2, *(1,) * (weight.ndim - 2)), generator=generator)


def naming(kind: str, name: str, down: torch.Tensor, up: torch.Tensor) -> dict[str, torch.Tensor]:
    if kind == "kohya":
        place = f"lora_unet_{name.replace('.', '_')}"
        return {
            f"{place}.lora_down.weight": down,
            f"{place}.lora_up.weight": up,
            f"{place}.alpha": torch.tensor(1.0),
        }
    return {f"unet.{name}.lora_A.weight": down, f"unet.{name}.lora_B.weight": up}


@pytest.mark.parametrize(("kind", "share"), [("kohya", 0.5 / 2), ("diffusers", 0.5)])
def test_low_rank_weights_are_added_once(kind: str, share: float, tmp_path: Path) -> None:
    from models.diffusion.tiny import tiny_pipeline

    pipeline, before = tiny_pipeline(), tiny_pipeline()
    state: dict[str, torch.Tensor] = {}
    for seed, name in enumerate((LINEAR, CONV)):
        state |= naming(kind, name, *halves(pipeline, name, seed))
    save_file(state, tmp_path / "lora.safetensors")
    assert lora.add(pipeline, tmp_path / "lora.safetensors", 0.5) == 2
    for seed, name in enumerate((LINEAR, CONV)):
        down, up = halves(pipeline, name, seed)
        added = torch.einsum("or,ri->oi", up.flatten(1), down.flatten(1)).reshape_as(
            before.unet.get_submodule(name).weight
        )
        change = pipeline.unet.get_submodule(name).weight - before.unet.get_submodule(name).weight
        torch.testing.assert_close(change, share * added, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"lora_unet_nothing.lora_down.weight": torch.zeros(2, 2)}, "1 of 1 layers are not in this checkpoint"),
        ({"other": torch.zeros(1)}, "0 of 0"),
        ({f"unet.{LINEAR}.lora_A.weight": torch.zeros(2, 64)}, "both of its halves"),
        (
            {f"unet.{LINEAR}.lora_A.weight": torch.zeros(2, 5), f"unet.{LINEAR}.lora_B.weight": torch.zeros(64, 2)},
            "must fit",
        ),
    ],
)
def test_low_rank_weights_that_do_not_fit_are_refused(tiny, state, words: str, tmp_path: Path) -> None:
    save_file(state, tmp_path / "lora.safetensors")
    with pytest.raises(ValueError, match=words):
        lora.add(tiny(), tmp_path / "lora.safetensors")


def test_loras_are_named_with_weights(tmp_path: Path) -> None:
    for name in ("a.safetensors", "b.safetensors"):
        (tmp_path / name).write_bytes(b"")
    text = f"{tmp_path / 'a.safetensors'}, {tmp_path / 'b.safetensors'}:0.5"
    assert named_loras(text) == [(tmp_path / "a.safetensors", 1.0), (tmp_path / "b.safetensors", 0.5)]
    assert named_loras("") == []
    with pytest.raises(ValueError, match="can run code"):
        named_loras("x.ckpt")
