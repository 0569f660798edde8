"""Prompts: remembered, blended, and as diffusers embeds them."""

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch

from models.diffusion.prompts import Prompts, between, mix


@pytest.mark.parametrize("kind", ["sd", "sdxl"])
def test_a_text_is_embedded_once_and_forgotten_after_many(tiny, kind):
    prompts = Prompts(tiny(kind=kind), 64, 48, remembered=2)
    first = prompts.encode("a")
    assert prompts.encode("a") is first and prompts.encoded == 1
    prompts.encode("b")
    prompts.encode("a")
    prompts.encode("c")  # b was used longest ago
    assert prompts.encode("a") is first and prompts.encoded == 3
    prompts.encode("b")
    assert prompts.encoded == 4


def test_embeddings_are_diffusers_own(tiny):
    pipeline = tiny()
    ours = Prompts(pipeline, 64, 48)
    theirs, away = pipeline.encode_prompt("a lamp", "cpu", 1, True, "night")
    torch.testing.assert_close(ours.encode("a lamp").embeds, theirs)
    torch.testing.assert_close(ours.encode("night").embeds, away)


def test_sdxl_is_told_the_size_and_an_empty_prompt_as_zeros(tiny):
    prompts = Prompts(tiny(kind="sdxl"), 640, 384)
    told = prompts.encode("a lamp")
    assert told.time_ids.tolist() == [[384, 640, 0, 0, 384, 640]]
    assert told.pooled.shape == (1, 32) and told.pooled.abs().sum() > 0
    assert not prompts.encode("").embeds.any() and not prompts.encode("").pooled.any()


@pytest.mark.parametrize("how", ["lerp", "slerp"])
@pytest.mark.parametrize("kind", ["sd", "sdxl"])
def test_a_blend_goes_from_one_prompt_to_the_other(tiny, how, kind):
    prompts = Prompts(tiny(kind=kind), 64, 48)
    a, b = prompts.encode("a lamp"), prompts.encode("dogs")
    for weights, wanted in (((1, 0), a), ((0, 3), b)):
        blended = prompts.blend([("a lamp", weights[0]), ("dogs", weights[1])], how)
        torch.testing.assert_close(blended.embeds, wanted.embeds)
    both = mix([a, b], [2, 2], how)
    assert (both.embeds - a.embeds).norm() == pytest.approx(float((both.embeds - b.embeds).norm()), rel=0.2)
    if kind == "sdxl":
        assert (both.pooled - a.pooled).norm() == pytest.approx(float((both.pooled - b.pooled).norm()), rel=0.2)


def test_lerp_is_the_weighted_mean_of_any_number(tiny):
    prompts = Prompts(tiny(), 64, 48)
    parts = [("a", 1.0), ("b", 2.0), ("c", 5.0)]
    wanted = sum(prompts.encode(text).embeds * weight for text, weight in parts) / 8
    torch.testing.assert_close(prompts.blend(parts, "lerp").embeds, wanted)


def test_slerp_keeps_the_length_and_turns_evenly():
    start, end = torch.tensor([[3.0, 0.0, 0.0]]), torch.tensor([[0.0, 3.0, 0.0]])
    for share in (0.0, 0.25, 0.5, 1.0):
        point = between(start, end, share)
        angle = torch.tensor(share * torch.pi / 2)
        torch.testing.assert_close(point, 3 * torch.stack([angle.cos(), angle.sin(), torch.tensor(0.0)])[None])
    assert torch.isfinite(between(start, torch.zeros(1, 3), 0.5)).all()
    torch.testing.assert_close(between(start, start, 0.3), start)


@pytest.mark.parametrize("weights", [[0, 0], [1, -1], [1], [float("nan"), 1]])
def test_weights_that_mean_nothing_are_refused(tiny, weights):
    told = Prompts(tiny(), 64, 48).encode("a")
    with pytest.raises(ValueError, match="weights must be one a prompt, none below 0 and one above 0"):
        mix([told, told], weights)
    with pytest.raises(ValueError, match="blend must be one of lerp, slerp, got 'cut'"):
        mix([told], [1], "cut")
