"""CUDA graphs: a network's many small kernels launched at once, where launching them takes longer than running them."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

log = logging.getLogger("antiphon")

Network = Callable[..., Tensor]
WARM = 3
"""Calls before a graph is captured: the first choose their kernels."""
KEPT = 12
"""Graphs, one for each set of shapes, such as a number of steps."""


class Graphs:
    """Calls ``network(*inputs)`` by replaying what it did for inputs of the same shapes. Where that fails, calls it."""

    def __init__(self, network: Network, capture: Callable[[Network, list[Tensor | None]], Any] | None = None) -> None:
        """``capture`` records a call and returns what replays it and its output."""
        self._network, self._capture = network, capture or captured
        self._known: OrderedDict[tuple[Any, ...], tuple[list[Tensor | None], Any, Tensor]] = OrderedDict()
        self.failed = False

    def __call__(self, *inputs: Tensor | None) -> Tensor:
        """The network's output; a tensor of its own at each call."""
        if self.failed:
            return self._network(*inputs)
        key = tuple(None if each is None else (tuple(each.shape), each.dtype) for each in inputs)
        if key not in self._known:
            held = [None if each is None else each.clone() for each in inputs]
            try:
                replay, output = self._capture(self._network, held)
            except RuntimeError as error:
                log.warning("CUDA graphs cannot be used, so that frames take longer: %s", error)
                self.failed = True
                self._known.clear()
                return self._network(*inputs)
            self._known[key] = held, replay, output
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
        held, replay, output = self._known[key]
        self._known.move_to_end(key)
        for mine, given in zip(held, inputs, strict=True):
            if mine is not None and given is not None:
                mine.copy_(given)
        replay()
        return output.clone()


def captured(network: Network, inputs: list[Tensor | None]) -> tuple[Callable[[], None], Tensor]:
    """Record a call on CUDA. Raises RuntimeError where the network does what a graph cannot hold."""
    torch.cuda.synchronize()
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM):
            network(*inputs)
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):
        output = network(*inputs)
    return graph.replay, output


class GraphedUNet:
    """A U-Net as ``models.diffusion.stream`` calls it, by graphs."""

    def __init__(self, unet: Any) -> None:
        self.config, self.dtype, self.device = unet.config, unet.dtype, unet.device

        def network(
            sample: Tensor,
            timesteps: Tensor,
            embeds: Tensor,
            guided: Tensor | None,
            pooled: Tensor | None,
            time_ids: Tensor | None,
        ) -> Tensor:
            added = None if pooled is None else {"text_embeds": pooled, "time_ids": time_ids}
            output: Tensor = unet(
                sample,
                timesteps,
                encoder_hidden_states=embeds,
                timestep_cond=guided,
                added_cond_kwargs=added,
                return_dict=False,
            )[0]
            return output

        self._graphs = Graphs(network)

    def __call__(
        self,
        sample: Tensor,
        timesteps: Tensor,
        *,
        encoder_hidden_states: Tensor,
        timestep_cond: Tensor | None = None,
        added_cond_kwargs: dict[str, Tensor] | None = None,
        return_dict: bool = False,
    ) -> tuple[Tensor]:
        """As the U-Net's own, as a tuple."""
        added = added_cond_kwargs or {}
        pooled, time_ids = added.get("text_embeds"), added.get("time_ids")
        return (self._graphs(sample, timesteps, encoder_hidden_states, timestep_cond, pooled, time_ids),)
