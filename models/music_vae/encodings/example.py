"""What an encoding makes of a piece."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.music_vae.weights import Array


@dataclass(frozen=True)
class Example:
    """One phrase as the networks take it, all float32."""

    x: Array
    """[time, input depth], for the encoder."""
    y: Array
    """[time, output depth], for the decoder."""
    controls: Array
    """[time, control depth]; the depth is 0 where nothing conditions."""
    lengths: npt.NDArray[np.int64]
    """Steps that count: one number, or one a segment."""


@dataclass(frozen=True)
class Encoded:
    """Phrases in order, without repeats, and in words what of the piece could not be one."""

    examples: list[Example] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def example(x: Array, y: Array | None = None, controls: Array | None = None) -> Example:
    """A phrase of one length; y is x and the controls have depth 0 unless given."""
    return Example(
        x,
        x if y is None else y,
        np.zeros((len(x), 0), np.float32) if controls is None else controls,
        np.array(len(x), np.int64),
    )


def one_hot(classes: list[int] | tuple[int, ...], depth: int) -> Array:
    """Classes as [time, depth]."""
    out = np.zeros((len(classes), depth), np.float32)
    out[np.arange(len(classes)), classes] = 1.0
    return out
