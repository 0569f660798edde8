"""``antiphon bench frames``: the frame models, beside what others make of the same weights."""

import statistics
from collections.abc import Callable
from typing import Any

from bridge.bench import BenchError
from bridge.clocks import now
from bridge.measure.figures import Figure

HELP = "frames a second of text to image, and of streaming diffusion beside diffusers' own pipeline"
SECONDS = 10.0
"""Of each size that is measured."""
STEPS = 4
GUIDANCE = 1.5
SIZES = ((256, 256), (512, 512))
PROMPT = "a lamp in the fog"


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure. Raises BenchError when the extra is not installed."""
    own = _own(seconds, tell)
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
        figures = own
        for width, height in SIZES:
            tell(f"a tiny pipeline at {width} × {height}, {STEPS} steps, for {seconds:g} s")
            ours = _painting(DiffusionPainter.of(Loaded(pipeline, "sd"), width, height), steps=STEPS)
            both = alternate(lambda: ours(None), _theirs(pipeline, width, height), seconds)  # noqa: B023
            figures += _figures(width, height, *both)
    finally:
        torch.set_num_threads(before)
    if torch.cuda.is_available():
        return [*figures, *_on_gpu(seconds, tell)]
    missing = "no CUDA GPU"
    return [
        *figures,
        Figure(name="sd_turbo_512_fps", value=None, unit="Hz", goal=">= 120", why=missing),
        Figure(name="sd_turbo_over_diffusers", value=None, unit="x", goal=">= 10", why=missing),
    ]


def _on_gpu(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """The same beside diffusers with networks of SD-Turbo's size; random weights do for speed."""
    import numpy as np
    import torch

    from models.diffusion.architecture import random_pipeline
    from models.diffusion.implementation import DiffusionPainter
    from models.diffusion.loading import Loaded

    name = torch.cuda.get_device_name()
    tell(f"SD-Turbo's architecture with random weights on {name}, 512 × 512, for {seconds:g} s")
    loaded = Loaded(random_pipeline("sd-turbo", "cuda", torch.float16), "sd-turbo")
    painter = DiffusionPainter.of(loaded, 512, 512)
    random = np.random.default_rng(0)
    pictures = [random.integers(0, 256, (512, 512, 3), dtype=np.uint8) for _ in range(4)]
    one = _painting(painter, steps=1, strength=0.5)
    for number in range(8):
        one(pictures[number % 4])
    end, count, begun = now() + seconds, 0, now()
    while now() < end:
        one(pictures[count % 4])
        count += 1
    fps = count / (now() - begun)
    tell(f"{STEPS} steps with guidance, beside diffusers' pipeline, for {seconds:g} s")
    four = _painting(painter, steps=STEPS, guidance=GUIDANCE, guidance_mode="self")
    theirs = _theirs(loaded.pipeline, 512, 512, "cuda", GUIDANCE)
    ours_s, theirs_s = alternate(lambda: four(None), theirs, seconds)
    ratio = statistics.median(theirs_s) / statistics.median(ours_s)
    weights = "SD-Turbo's architecture with random weights in half precision, AutoencoderTiny"
    return [
        Figure(
            name="sd_turbo_512_fps",
            value=round(fps, 1),
            unit="Hz",
            goal=">= 120",
            detail=f"{name}: {weights}; frames a second at 1 step image-to-image, in main memory",
        ),
        Figure(
            name="sd_turbo_over_diffusers",
            value=round(ratio, 2),
            unit="x",
            goal=">= 10",
            detail=f"{name}: {weights}; frames a second at {STEPS} steps with guidance {GUIDANCE:g} (ours: residual, of"
            " the self kind), over StableDiffusionPipeline's on the same networks (LCMScheduler, classifier-free), in"
            f" turn; medians {1000 * statistics.median(ours_s):.1f} and {1000 * statistics.median(theirs_s):.1f} ms",
        ),
    ]


def _painting(painter: Any, **given: Any) -> Callable[[Any], Any]:
    from models.contract import Moment
    from models.diffusion.declaration import Diffusion

    params = {name: param.default for name, param in Diffusion.params().items()} | {"prompt": PROMPT} | given
    return lambda image: painter.render(Moment(now(), now(), 60.0, 4, ()), params, image)


EMBEDDED: tuple[tuple[str, str, str, dict[str, float], int], ...] = (
    ("diffusion_256_fps", "text_to_image", ">= 12", {}, 1),
    ("gan_256_fps", "gan", ">= 25", {}, 1),
    ("style_256_fps", "style", ">= 15", {}, 1),
    ("texture_ca_256_steps_per_second", "texture_ca", ">= 60", {"zoom": 1.0, "speed": 4.0}, 4),
)
"""Figures of the models that need no extra: name, model, goal, parameters, and what a frame counts for."""


def _own(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """The embedded models at 256 × 256, from the parameters to uint8, on two threads and on one."""
    from bridge.addresses import Table
    from models.contract import FrameModel

    models = {model.name: model for model in Table().models if issubclass(model, FrameModel)}
    return [
        _embedded(name + suffix, models[model], goal * (not suffix), given, count, threads, seconds, tell)
        for name, model, goal, given, count in EMBEDDED
        for threads, suffix in ((1, "_one_thread"), (2, ""))
    ]


def _embedded(
    name: str,
    model: Any,
    goal: str,
    given: dict[str, float],
    count: int,
    threads: int,
    seconds: float,
    tell: Callable[[str], None],
) -> Figure:
    from models.contract import Moment

    tell(f"{model.name} at 256 × 256 on {threads} threads, for {seconds / 2:g} s")
    try:
        painter: Any = model.load(256, 256)
    except (ImportError, OSError, ValueError) as error:
        return Figure(name=name, value=None, unit="Hz", goal=goal, why=str(error))
    painter.set_threads(threads)
    params = {name: param.default for name, param in model.params().items()} | given
    times: list[float] = []
    end = now() + seconds / 2
    while now() < end or len(times) < 5:
        begun = now()
        painter.render(Moment(begun, 2 * begun, 120.0, 4, ()), params)
        times.append(now() - begun)
    return Figure(
        name=name,
        value=round(count / statistics.median(times[2:]), 2),
        unit="Hz",
        goal=goal,
        detail=f"{model.name}, 256 × 256, moving, on {threads} threads of the processor; median of {len(times)} frames",
    )


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


def _theirs(pipeline: Any, width: int, height: int, device: str = "cpu", guidance: float = 1.0) -> Callable[[], Any]:
    embeds, away = pipeline.encode_prompt(PROMPT, device, 1, guidance > 1)  # once, as ours does

    def paint() -> Any:
        images = pipeline(
            prompt_embeds=embeds,
            negative_prompt_embeds=away,
            num_inference_steps=STEPS,
            guidance_scale=guidance,
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
