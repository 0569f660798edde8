"""What a StyleGAN is made with: the known arguments of its constructor, checked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

WIDEST = 4096
"""Numbers in z, w or one layer's features."""
LARGEST = 2048
"""Pixels of a side."""


@dataclass(frozen=True)
class Config:
    """Of StyleGAN2-ADA (``version`` 2) or StyleGAN3 (3); the defaults are those of NVIDIA's code."""

    version: int
    z_dim: int = 512
    c_dim: int = 0
    w_dim: int = 512
    img_resolution: int = 256
    img_channels: int = 3
    mapping_layers: int = 8
    lr_multiplier: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    conv_clamp: float | None = None
    # StyleGAN3 alone
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    output_scale: float = 0.25
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    use_radial_filters: bool = False

    def __post_init__(self) -> None:
        """Raises ValueError, with the rule and the value."""
        for name, low, high in BOUNDS:
            value = getattr(self, name)
            if name in WHOLE and type(value) is not int:
                raise ValueError(f"{name} must be a whole number, got {value!r:.40}")
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise ValueError(f"{name} must be a number in {low}..{high}, got {value!r:.40}")
        if self.conv_clamp is not None and not (isinstance(self.conv_clamp, int | float) and self.conv_clamp > 0):
            raise ValueError(f"conv_clamp must be above 0 or none, got {self.conv_clamp!r:.40}")
        if type(self.use_radial_filters) is not bool:
            raise ValueError(f"use_radial_filters must be true or false, got {self.use_radial_filters!r:.40}")
        if self.img_resolution & (self.img_resolution - 1):
            raise ValueError(f"img_resolution must be a power of two, got {self.img_resolution}")
        if self.version == 3 and not 0 < self.num_critical < self.num_layers:
            raise ValueError(f"num_critical must be in 1..{self.num_layers - 1}, got {self.num_critical}")

    @property
    def layers(self) -> int:
        """How many w a picture takes."""
        if self.version == 3:
            return self.num_layers + 2
        return 2 * int(math.log2(self.img_resolution)) - 2

    @classmethod
    def of(cls, version: int, told: Mapping[str, Any]) -> Config:
        """From the arguments of NVIDIA's ``Generator``, by name. Raises ValueError for those that are not known."""
        flat: dict[str, Any] = {}
        width = told.get("w_dim", cls.w_dim)
        for part, arguments in _parts(told):
            for name, value in arguments.items():
                if name in SAME and (type(value) is not str or value != SAME[name]):
                    raise ValueError(f"{name} must be {SAME[name]!r}, got {value!r:.40}")
                if name in AS_WIDE and value not in (None, width):
                    raise ValueError(f"{name} must be as w_dim, {width}, got {value!r:.40}")
                if (part, name) == ("mapping_kwargs", "num_layers"):
                    flat["mapping_layers"] = value
                elif name not in SAME and name not in AS_WIDE and name not in NEEDLESS:
                    flat[name] = value
        known = {field.name for field in fields(cls)} - {"version"}
        if unknown := sorted(str(name)[:40] for name in set(flat) - known):
            raise ValueError(f"it is made with {', '.join(unknown[:5])}, which is not known here")
        if version == 3:
            flat = {"mapping_layers": 2, "conv_clamp": 256} | flat
        return cls(version, **{str(name): value for name, value in flat.items()})


def _parts(told: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The constructor's own arguments, then those that it passes on."""
    inner = ("mapping_kwargs", "synthesis_kwargs", "block_kwargs", "layer_kwargs")
    yield "", {name: value for name, value in told.items() if name not in inner}
    for name in inner:
        if name in told:
            if type(told[name]) is not dict or not all(type(key) is str for key in told[name]):
                raise ValueError(f"{name} must be a dict by name, got {type(told[name]).__name__}")
            yield name, told[name]


BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("version", 2, 3), ("z_dim", 1, WIDEST), ("c_dim", 0, WIDEST), ("w_dim", 1, WIDEST), ("img_resolution", 4, LARGEST),
    ("img_channels", 1, 4), ("mapping_layers", 1, 32), ("lr_multiplier", 1e-6, 100), ("channel_base", 1, 2**20),
    ("channel_max", 1, WIDEST), ("num_layers", 2, 32), ("num_critical", 1, 31), ("first_cutoff", 0.1, 256),
    ("first_stopband", 0.1, 256), ("last_stopband_rel", 0.5, 8), ("margin_size", 0, 64), ("output_scale", 1e-6, 100),
    ("conv_kernel", 1, 7), ("filter_size", 1, 32), ("lrelu_upsampling", 1, 4),
)  # fmt: skip
WHOLE = ("version", "z_dim", "c_dim", "w_dim", "img_resolution", "img_channels", "mapping_layers", "channel_base",
    "channel_max", "num_layers", "num_critical", "margin_size", "conv_kernel", "filter_size", "lrelu_upsampling",
)  # fmt: skip
SAME = {"architecture": "skip", "activation": "lrelu"}
"""What could be otherwise, and is then refused."""
AS_WIDE = ("embed_features", "layer_features")
"""Widths within the mapping."""
NEEDLESS = {
    "class_name", "num_fp16_res", "fused_modconv_default", "fp16_channels_last", "use_fp16", "w_avg_beta",
    "magnitude_ema_beta", "resample_filter", "use_noise",
}  # fmt: skip
"""What only training or speed depend on, or what the tensors tell."""
