"""The stream batch against diffusers: its scheduler step by step, its pipelines, and the paper's formulas in a row."""

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch
from diffusers import (
    LatentConsistencyModelPipeline,
    LCMScheduler,
    StableDiffusionImg2ImgPipeline,
)
from torch import Tensor

from models.diffusion.autoencoder import Autoencoder
from models.diffusion.prompts import Prompts
from models.diffusion.schedule import Schedule
from models.diffusion.stream import MODES, Conditioning, Guidance, Stream, scale_embedding

SIZE = (4, 6, 8)
PICTURE = 64, 48
"""Width and height of what SIZE decodes to."""


def noise(rows: int, seed: int = 0) -> Tensor:
    return torch.randn((rows, *SIZE), generator=torch.Generator().manual_seed(seed))


def close(ours: Tensor, theirs: Tensor) -> None:
    """To 1e-4 of the latent's size: random networks make large ones."""
    assert float((ours - theirs).abs().max()) <= 1e-4 * max(1.0, float(theirs.abs().max()))


def told(pipeline, text: str) -> Conditioning:
    return Prompts(pipeline, *PICTURE).encode(text)


def flow(stream: Stream, frames: int, *args, **options) -> Tensor:
    """The last of so many frames that came out, each entering with the same noise."""
    out = None
    for _ in range(frames + len(stream.rows) - 1):
        out = stream.step(*args, **options)
    assert out is not None
    return out


class Noises:
    """diffusers' scheduler draws its noise from here."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rows: Tensor) -> None:
        self.left = [row[None] for row in rows]
        monkeypatch.setattr("diffusers.schedulers.scheduling_lcm.randn_tensor", lambda *_, **__: self.left.pop(0))


def added(prompt: Conditioning) -> dict | None:
    return None if prompt.pooled is None else {"text_embeds": prompt.pooled, "time_ids": prompt.time_ids}


@torch.no_grad()
def one_by_one(
    pipeline, steps, prompt, negative, guidance, start, strength=1.0, image=None, monkeypatch=None
) -> Tensor:
    """n steps of diffusers' LCMScheduler, one call of the network (or two) after the other."""
    scheduler = LCMScheduler.from_config(pipeline.scheduler.config)
    scheduler.set_timesteps(steps, strength=strength)
    Noises(monkeypatch, start[1:])
    sample = start[:1] if image is None else scheduler.add_noise(image, start[:1], scheduler.timesteps[:1])
    alphas = scheduler.alphas_cumprod
    stock, width = start[:1], pipeline.unet.config.time_cond_proj_dim
    plain = guidance.mode == "none" or guidance.scale == 1

    def network(conditioning: Conditioning, t: Tensor) -> Tensor:
        cond = None
        if width:
            cond = scale_embedding(guidance.scale if plain else 1.0, width)
        return pipeline.unet(sample, t, conditioning.embeds, timestep_cond=cond, added_cond_kwargs=added(conditioning))[
            0
        ]

    for i, t in enumerate(scheduler.timesteps):
        epsilon = network(prompt, t)
        if not plain:
            away = guidance.delta * stock
            if guidance.mode == "full" or (guidance.mode == "one-time" and i == 0):
                away = network(negative, t)
                if guidance.mode == "one-time":
                    stock, away = away, guidance.delta * away
            epsilon = away + guidance.scale * (epsilon - away)
        if i + 1 < steps and not plain and guidance.mode != "full":
            # The carried noise takes the step that the sample takes (field notes, after the paper's equation 7).
            skip, out = scheduler.get_scalings_for_boundary_condition_discrete(t)
            noisy = (1 - alphas[t]).sqrt() * stock
            change = out * (noisy - (1 - alphas[t]).sqrt() * epsilon) / alphas[t].sqrt() + skip * noisy
            after = alphas[scheduler.timesteps[i + 1]]
            stock = start[i + 1 : i + 2] + after.sqrt() / (1 - after).sqrt() * change
        sample, clean = scheduler.step(epsilon, t, sample, return_dict=False)
    return clean


@pytest.mark.parametrize("kind", ["sd", "lcm", "sdxl"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("steps", [1, 2, 4])
def test_the_stream_batch_equals_sequential_steps(tiny, monkeypatch, kind, mode, steps):
    pipeline = tiny(kind=kind)
    prompt, negative, guidance = told(pipeline, "a lamp"), told(pipeline, "night"), Guidance(mode, 2.5, 0.7)
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), steps)
    ours = flow(stream, 2, prompt, noise(steps), None, guidance, negative)
    close(ours, one_by_one(pipeline, steps, prompt, negative, guidance, noise(steps), monkeypatch=monkeypatch))


@pytest.mark.parametrize("prediction", ["v_prediction", "sample"])
@pytest.mark.parametrize("mode", ["none", "full"])
def test_every_prediction_of_the_network(tiny, monkeypatch, prediction, mode):
    pipeline = tiny(prediction=prediction)
    prompt, negative, guidance = told(pipeline, "a lamp"), told(pipeline, ""), Guidance(mode, 1.7)
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 3)
    ours = flow(stream, 1, prompt, noise(3), None, guidance, negative)
    close(ours, one_by_one(pipeline, 3, prompt, negative, guidance, noise(3), monkeypatch=monkeypatch))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("strength", [0.3, 0.8])
def test_image_to_image_equals_sequential_steps(tiny, monkeypatch, mode, strength):
    pipeline = tiny()
    prompt, negative, guidance = told(pipeline, "a lamp"), told(pipeline, ""), Guidance(mode, 1.8)
    image = noise(1, 5)
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 3, strength)
    ours = flow(stream, 1, prompt, noise(3), image, guidance, negative)
    close(ours, one_by_one(pipeline, 3, prompt, negative, guidance, noise(3), strength, image, monkeypatch))


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_full_guidance_equals_diffusers_own_pipeline(tiny, monkeypatch, scale):
    pipeline = tiny()
    Noises(monkeypatch, noise(4)[1:])
    width, height = PICTURE
    theirs = pipeline(
        "a lamp", negative_prompt="night", num_inference_steps=4, guidance_scale=scale, latents=noise(1).clone(),
        width=width, height=height, output_type="latent",
    ).images  # fmt: skip
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 4)
    rows = torch.cat([noise(1), noise(4)[1:]])
    guidance = Guidance("full", scale)
    close(flow(stream, 1, told(pipeline, "a lamp"), rows, None, guidance, told(pipeline, "night")), theirs)


def test_an_lcm_equals_diffusers_own_pipeline(tiny, monkeypatch):
    own = tiny(kind="lcm")
    pipeline = LatentConsistencyModelPipeline(**own.components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    Noises(monkeypatch, noise(4)[1:])
    width, height = PICTURE
    theirs = pipeline(
        "a lamp", num_inference_steps=4, guidance_scale=8.5, latents=noise(1).clone(), width=width, height=height,
        output_type="latent",
    ).images  # fmt: skip
    stream = Stream(own.unet, Schedule(own.scheduler.config), 4)
    rows = torch.cat([noise(1), noise(4)[1:]])
    close(flow(stream, 1, told(own, "a lamp"), rows, None, Guidance("none", 8.5)), theirs)


def test_image_to_image_equals_diffusers_own_pipeline(tiny, monkeypatch):
    own = tiny()
    pipeline = StableDiffusionImg2ImgPipeline(**own.components, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    picture = torch.rand((1, 3, PICTURE[1], PICTURE[0]), generator=torch.Generator().manual_seed(1))
    rows = noise(2)
    module = "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion_img2img.randn_tensor"
    monkeypatch.setattr(module, lambda *_, **__: rows[:1])
    Noises(monkeypatch, rows[1:])
    theirs = pipeline(
        "a lamp", image=picture, num_inference_steps=4, strength=0.5, guidance_scale=1.0, output_type="latent"
    )
    # That pipeline cuts a schedule of four steps in half where LCM's own stretches two over half the noise, so its
    # timesteps are given to ours.
    schedule = Schedule(own.scheduler.config)
    stream = Stream(own.unet, schedule, 4)
    everything = schedule.rows(4)
    assert torch.equal(everything.timesteps, pipeline.scheduler.timesteps)
    stream.rows = type(everything)(
        *(part[2:] for part in (everything.timesteps, everything.signal, everything.noise, everything.skip)),
        everything.out[2:], everything.prediction, everything.clip,
    )  # fmt: skip
    latent = Autoencoder(own.vae, 8, *PICTURE).encode(picture * 2 - 1)
    close(flow(stream, 1, told(own, "a lamp"), rows, latent), theirs.images)


def test_it_fills_before_the_first_frame_comes_and_then_gives_one_a_call(tiny):
    pipeline = tiny()
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 4)
    out = [stream.step(told(pipeline, "a"), noise(4)) for _ in range(6)]
    assert [frame is None for frame in out] == [True, True, True, False, False, False]


def test_one_call_of_the_network_a_frame_with_as_many_rows_as_the_guidance_needs(tiny, monkeypatch):
    pipeline = tiny()
    asked: list[tuple[int, list[int]]] = []
    forward = pipeline.unet.forward

    def counting(sample, timesteps, **options):
        asked.append((len(sample), timesteps.tolist()))
        return forward(sample, timesteps, **options)

    monkeypatch.setattr(pipeline.unet, "forward", counting)
    for mode, rows in zip(MODES, (3, 3, 4, 6), strict=True):
        stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 3)
        for _ in range(2):
            stream.step(told(pipeline, "a"), noise(3), None, Guidance(mode, 2.0), told(pipeline, ""))
        asked.clear()
        stream.step(told(pipeline, "a"), noise(3), None, Guidance(mode, 2.0), told(pipeline, ""))
        assert [count for count, _ in asked] == [rows]
        assert asked[0][1][-3:] == stream.rows.timesteps.tolist()


def test_a_new_prompt_reaches_every_row_at_the_next_call(tiny, monkeypatch):
    pipeline = tiny()
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 4)
    flow(stream, 1, told(pipeline, "a"), noise(4))
    seen: list[Tensor] = []
    forward = pipeline.unet.forward

    def watching(sample, timesteps, **options):
        seen.append(options["encoder_hidden_states"])
        return forward(sample, timesteps, **options)

    monkeypatch.setattr(pipeline.unet, "forward", watching)
    before = stream._clean.clone()
    new = told(pipeline, "something else")
    frame = stream.step(new, noise(4))
    assert torch.equal(seen[0], new.embeds.expand(4, -1, -1))
    assert not torch.allclose(frame, before[-1:], rtol=1e-3)


def test_noise_that_is_switched_off_leaves_the_schedule_alone(tiny, monkeypatch):
    pipeline = tiny()
    rows = torch.cat([noise(1), torch.zeros((2, *SIZE))])
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), 3)
    prompt = told(pipeline, "a")
    ours = flow(stream, 1, prompt, rows)
    close(ours, one_by_one(pipeline, 3, prompt, None, Guidance(), rows, monkeypatch=monkeypatch))


@pytest.mark.parametrize(("before", "after"), [(4, 2), (2, 5), (1, 3), (3, 1)])
def test_another_number_of_steps_comes_without_a_gap(tiny, before, after):
    pipeline = tiny()
    prompt = told(pipeline, "a")
    stream = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), before)
    flow(stream, 1, prompt, noise(before))
    stream.set_steps(after)
    frames = [stream.step(prompt, noise(after)) for _ in range(after + 1)]
    assert all(frame is not None and torch.isfinite(frame).all() for frame in frames)
    fresh = Stream(pipeline.unet, Schedule(pipeline.scheduler.config), after)
    close(frames[-1], flow(fresh, 1, prompt, noise(after)))


def test_what_cannot_be_is_refused(tiny):
    pipeline = tiny()
    schedule = Schedule(pipeline.scheduler.config)
    with pytest.raises(ValueError, match=r"steps must be in range 1..50 at strength 1, got 51"):
        Stream(pipeline.unet, schedule, 51)
    with pytest.raises(ValueError, match="strength must be above 0 and at most 1, got 0"):
        Stream(pipeline.unet, schedule, 1, 0.0)
    with pytest.raises(ValueError, match="mode must be one of none, self, one-time, full, got 'half'"):
        Guidance("half")
    with pytest.raises(ValueError, match="full guidance needs a negative prompt"):
        Stream(pipeline.unet, schedule).step(told(pipeline, "a"), noise(1), None, Guidance("full", 2.0))


def test_the_scale_s_embedding_is_diffusers_own(tiny):
    own = tiny(kind="lcm")
    pipeline = LatentConsistencyModelPipeline(**own.components, requires_safety_checker=False)
    theirs = pipeline.get_guidance_scale_embedding(torch.tensor([7.5 - 1]), 64)
    torch.testing.assert_close(scale_embedding(7.5, 64), theirs)
