"""Paints with a stream of denoising steps; torch, in the worker alone."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.contract import Moment, Value
from models.diffusion.autoencoder import Autoencoder
from models.diffusion.filter import SimilarityFilter
from models.diffusion.graphs import GraphedUNet
from models.diffusion.loading import Loaded, load
from models.diffusion.prompts import Prompts, between, mix
from models.diffusion.schedule import Schedule
from models.diffusion.stream import Conditioning, Guidance, Stream
from models.diffusion.walk import Morph, Walk

JUMP = 2.0
"""Beats from one frame to the next above which the beat was moved, and the walk does not follow."""


class DiffusionPainter:
    """Streams a checkpoint at ``width`` × ``height`` pixels on the best device there is.

    The same moments and parameters give the same frames on one machine. Raises OSError or ValueError with the reason
    where the checkpoint cannot be loaded.
    """

    def __init__(
        self,
        width: int,
        height: int,
        checkpoint: str = "",
        autoencoder: str = "",
        loras: str = "",
        family: str = "auto",
    ) -> None:
        device = best_device()
        dtype = torch.float32 if device == "cpu" else torch.float16
        if device == "cpu":  # with every core taken, threads that wait for each other cost a hundred times the work
            torch.set_num_threads(max(1, (os.cpu_count() or 2) // 2))
        parts = {"autoencoder": autoencoder, "loras": loras, "family": family}
        self._begin(load(checkpoint, device=device, dtype=dtype, **parts), width, height)

    @classmethod
    def of(cls, loaded: Loaded, width: int, height: int) -> DiffusionPainter:
        """A painter with a pipeline that is loaded already."""
        painter = cls.__new__(cls)
        painter._begin(loaded, width, height)
        return painter

    def _begin(self, loaded: Loaded, width: int, height: int) -> None:
        pipeline = loaded.pipeline
        self.family = loaded.family
        on_cuda = pipeline.unet.device.type == "cuda"
        if on_cuda:
            torch.backends.cudnn.benchmark = True  # the sizes stay
            pipeline.unet.to(memory_format=torch.channels_last)
            pipeline.vae.to(memory_format=torch.channels_last)
        self._device = pipeline.unet.device
        self._autoencoder = Autoencoder(pipeline.vae, pipeline.vae_scale_factor, width, height)
        self._prompts = Prompts(pipeline, width, height)
        unet = GraphedUNet(pipeline.unet) if on_cuda else pipeline.unet
        self._stream = Stream(unet, Schedule(pipeline.scheduler.config, self._device))
        self._walk = Walk(self._autoencoder.channels, self._autoencoder.rows, self._autoencoder.columns)
        self._filter: SimilarityFilter | None = None
        self._morphs: dict[str, Morph[Conditioning]] = {}
        self._seed = Morph[Tensor](between)
        self._turns = 0.0
        self._frame = 0
        self._before: Moment | None = None
        self._picture: Tensor | None = None

    def render(
        self, moment: Moment, params: Mapping[str, Value], image: NDArray[np.uint8] | None = None
    ) -> NDArray[np.uint8]:
        """Return the next frame, uint8 RGB [height, width, 3].

        ``image``, uint8 RGB of any size, makes it image-to-image.
        """
        self._advance(moment, params)
        if image is not None and self._skips(image, params) and self._picture is not None:
            return self._autoencoder.pixels(self._picture)
        source = None if image is None else self._autoencoder.encode(self._autoencoder.picture(image))
        strength = 1.0 if source is None else float(params["strength"])
        self._stream.set_steps(min(int(params["steps"]), self._stream.schedule.most(strength)), strength)
        noise = self._noise(moment, params, keep_first=source is None)
        prompt, negative = self._told(moment, params)
        guidance = Guidance(params["guidance_mode"], float(params["guidance"]))  # type: ignore[arg-type]
        latent = None
        while latent is None:  # while it fills
            latent = self._stream.step(prompt, noise, source, guidance, negative)
        self._picture = self._autoencoder.decode(latent)
        return self._autoencoder.pixels(self._picture)

    def _advance(self, moment: Moment, params: Mapping[str, Value]) -> None:
        """Walk on with the beat."""
        before, self._before = self._before, moment
        self._frame += 1
        beats = moment.beat - before.beat if before else 0.0
        if 0 <= beats <= JUMP:
            self._turns += float(params["speed"]) * beats / float(params["walk"])

    def _noise(self, moment: Moment, params: Mapping[str, Value], keep_first: bool) -> Tensor:
        """What each row is noised with; ``keep_first`` where the frame that enters is nothing but noise."""
        rows, seed, kind = len(self._stream.rows), int(params["seed"]), params["noise"]
        most = self._walk.circle(seed, 8, self._turns)
        noise = self._seed.towards(seed, most, moment.beat, float(params["morph"]))[:rows]
        if kind == "fresh":
            noise = torch.cat([noise[:1], self._walk.fresh(seed, rows, self._frame)[1:]])
        noise = self._walk.pushed(noise, seed, moment.notes, float(params["reaction"]))
        if kind == "off":
            first = noise[:1] if keep_first else torch.zeros_like(noise[:1])
            noise = torch.cat([first, torch.zeros_like(noise[1:])])
        return noise.to(self._device)

    def _told(self, moment: Moment, params: Mapping[str, Value]) -> tuple[Conditioning, Conditioning]:
        prompt, blend = self._morphed("prompt", moment, params), float(params["blend"])
        if blend > 0:
            second = self._morphed("second_prompt", moment, params)
            prompt = mix([prompt, second], [1 - blend, blend], params["blending"])  # type: ignore[arg-type]
        return prompt, self._morphed("negative_prompt", moment, params)

    def _morphed(self, name: str, moment: Moment, params: Mapping[str, Value]) -> Conditioning:
        if name not in self._morphs:
            self._morphs[name] = Morph(lambda start, end, share: mix([start, end], [1 - share, share]))
        text = str(params[name])
        return self._morphs[name].towards(text, self._prompts.encode(text), moment.beat, float(params["morph"]))

    def _skips(self, image: NDArray[np.uint8], params: Mapping[str, Value]) -> bool:
        threshold = float(params["similarity"])
        if threshold >= 1:
            self._filter = None
            return False
        if self._filter is None or self._filter.threshold != threshold:
            self._filter = SimilarityFilter(threshold)
        return self._filter.skips(image)


def best_device() -> str:
    """cuda, mps or cpu."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
