"""The denoising steps' numbers against LCMScheduler."""

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")

import torch
from diffusers import LCMScheduler

from models.diffusion.schedule import Schedule

SCALED = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SD_TURBO = SCALED | {"_class_name": "EulerDiscreteScheduler", "timestep_spacing": "trailing", "steps_offset": 1}


@pytest.mark.parametrize("config", [SCALED, SD_TURBO, {"beta_schedule": "linear"}, SCALED | {"clip_sample": True}])
@pytest.mark.parametrize(("steps", "strength"), [(1, 1.0), (4, 1.0), (8, 1.0), (3, 0.37), (1, 0.05)])
def test_each_row_takes_the_scheduler_s_step(config, steps, strength):
    rows = Schedule(config).rows(steps, strength)
    scheduler = LCMScheduler.from_config(config)
    scheduler.set_timesteps(steps, strength=strength)
    assert torch.equal(rows.timesteps, scheduler.timesteps)
    random = torch.Generator().manual_seed(0)
    sample, output = (torch.randn((steps, 4, 3, 5), generator=random) for _ in range(2))
    ours = rows.denoise(sample, rows.epsilon(sample, output))
    for i, t in enumerate(scheduler.timesteps):
        _, theirs = scheduler.step(output[i : i + 1], t, sample[i : i + 1], generator=random, return_dict=False)
        torch.testing.assert_close(ours[i : i + 1], theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(rows.diffuse(sample, output), scheduler.add_noise(sample, output, scheduler.timesteps))


def test_the_timesteps_are_those_of_lcm():
    assert Schedule(SD_TURBO).rows(1).timesteps.tolist() == [999]
    assert Schedule(SCALED).rows(4).timesteps.tolist() == [999, 759, 499, 259]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"thresholding": True}, "thresholding"),
        ({"prediction_type": "flow"}, "prediction_type must be"),
        ({"rescale_betas_zero_snr": True, "prediction_type": "v_prediction"}, "rescale_betas_zero_snr"),
    ],
)
def test_schedules_that_cannot_be_streamed_are_refused(config, words):
    with pytest.raises(ValueError, match=words):
        Schedule(SCALED | config)


def test_so_little_strength_is_one_step():
    schedule = Schedule(SCALED)
    assert schedule.most(0.01) == 1
    assert schedule.rows(1, 0.01).timesteps.tolist() == [19]
