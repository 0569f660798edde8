"""``antiphon bench frames``: the frame models, beside what others make of the same weights."""

import statistics
from collections.abc import Callable
from typing import Any

from bridge.bench import BenchError
from bridge.clocks import now
from bridge.measure.figures import Figure

HELP = "frames a second of streaming diffusion, beside diffusers' own pipeline"
SECONDS = 10.0
"""Of each size that is measured."""
STEPS = 4
SIZES = ((256, 256), (512, 512))
PROMPT = "a lamp in the fog"


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure. Raises BenchError when the extra is not installed."""
    try:
        import torch

        from models.diffusion.implementation import DiffusionPainter
        from models.diffusion.loading import Loaded
        from models.diffusion.tiny import tiny_pipeline
    except ModuleNotFoundError as error:
        raise BenchError(f"{error.name} is missing: pip install 'antiphon[diffusion]'") from error
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        pipeline = tiny_pipeline()
        figures = []
        for width, height in SIZES:
            tell(f"a tiny pipeline at {width} × {height}, {STEPS} steps, for {seconds:g} s")
            ours = _ours(DiffusionPainter.of(Loaded(pipeline, "sd"), width, height))
            figures += _figures(width, height, *alternate(ours, _theirs(pipeline, width, height), seconds))
    finally:
        torch.set_num_threads(before)
    return figures


def alternate(first: Callable[[], Any], second: Callable[[], Any], seconds: float) -> tuple[list[float], list[float]]:
    """Call both in turn for so long, so that both meet the same load; return the seconds that each call took."""
    for warm in (first, second):
        warm()
    taken: tuple[list[float], list[float]] = ([], [])
    end = now() + seconds
    while now() < end or not taken[0]:
        for call, times in zip((first, second), taken, strict=True):
            begun = now()
            call()
            times.append(now() - begun)
    return taken


def _ours(painter: Any) -> Callable[[], Any]:
    from models.contract import Moment
    from models.diffusion.declaration import Diffusion

    params = {name: param.default for name, param in Diffusion.params().items()} | {"prompt": PROMPT, "steps": STEPS}
    return lambda: painter.render(Moment(now(), now(), 60.0, 4, ()), params)


def _theirs(pipeline: Any, width: int, height: int) -> Callable[[], Any]:
    embeds, _ = pipeline.encode_prompt(PROMPT, "cpu", 1, False)  # once, as ours does

    def paint() -> Any:
        images = pipeline(
            prompt_embeds=embeds,
            num_inference_steps=STEPS,
            guidance_scale=1.0,
            width=width,
            height=height,
            output_type="np",
        ).images
        return (images[0] * 255).round().astype("uint8")

    return paint


def _figures(width: int, height: int, ours: list[float], theirs: list[float]) -> list[Figure]:
    fps = [1 / statistics.median(times) for times in (ours, theirs)]
    size = "" if (width, height) == SIZES[0] else f"_{height}"
    what = f"{width} × {height}, tiny random weights, text-to-image, {STEPS} steps, one thread on the CPU"
    how = f"median of {len(ours)} frames each, in turn"
    return [
        Figure(
            name=f"stream_over_diffusers_{STEPS}_steps{size}",
            value=round(fps[0] / fps[1], 3),
            unit="",
            goal=">= 1",
            detail="frames a second of the stream batch over those of StableDiffusionPipeline with LCMScheduler:"
            f" {what}; {how}; the prompt is embedded once for both",
        ),
        Figure(
            name=f"stream_{STEPS}_steps{size}_fps",
            value=round(fps[0], 2),
            unit="Hz",
            goal="",
            detail=f"the painter as the worker calls it, from the parameters to uint8: {what}; {how}",
        ),
        Figure(
            name=f"diffusers_{STEPS}_steps{size}_fps",
            value=round(fps[1], 2),
            unit="Hz",
            goal="",
            detail=f"diffusers' own pipeline, to uint8: {what}; {how}",
        ),
    ]
