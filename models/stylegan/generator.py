"""A generator from a checkpoint, on a device."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.stylegan import stylegan2, stylegan3
from models.stylegan.checkpoint import Checkpoint
from models.stylegan.layers import Mapping


class Generator(nn.Module):
    """The mapping and the synthesis of a :class:`Checkpoint`."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        """Raises ValueError if the tensors are not those of the configuration."""
        super().__init__()
        config = self.config = checkpoint.config
        with torch.device("meta"):  # nothing is allocated for a configuration that may be false
            self.mapping = Mapping(
                config.z_dim, config.c_dim, config.w_dim, config.mapping_layers, config.lr_multiplier
            )
            if config.version == 3:
                self.synthesis: stylegan2.Synthesis | stylegan3.Synthesis = stylegan3.Synthesis(config)
            else:
                noisy = "synthesis.b4.conv1.noise_strength" in checkpoint.tensors
                self.synthesis = stylegan2.Synthesis(config, noisy)
        expected = {name: tuple(tensor.shape) for name, tensor in self.state_dict().items()}
        given = {name: tensor.shape for name, tensor in checkpoint.tensors.items()}
        for name in sorted(expected.keys() | given.keys()):
            if expected.get(name) != given.get(name):
                raise ValueError(
                    f"{name[:120]} must be {expected.get(name, 'absent')}, got {given.get(name, 'nothing')}:"
                    " another kind of generator than is known here"
                )
        tensors = {name: torch.from_numpy(tensor) for name, tensor in checkpoint.tensors.items()}
        self.load_state_dict(tensors, assign=True)
        self.requires_grad_(False)

    def truncated(self, w: Tensor, truncation: float) -> Tensor:
        """0 is the mean picture, 1 as learnt."""
        mean: Tensor = self.mapping.w_avg
        return mean + truncation * (w - mean)
