"""The tensors of one checkpoint, by Magenta's variable names, checked as they are taken."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


class Weights:
    """A view on named tensors below a prefix; whatever is taken is float32 and has the shape asked for."""

    def __init__(
        self,
        tensors: Mapping[str, npt.NDArray[np.generic]],
        prefix: str = "",
        stepped: "Callable[[Array], Matrix] | None" = None,
    ) -> None:
        """``stepped``: another precision for the matrices that every step reads; None keeps float32."""
        self._tensors = tensors
        self._prefix = prefix
        self._stepped = stepped

    def under(self, scope: str) -> "Weights":
        """The same tensors, names relative to ``scope``."""
        return Weights(self._tensors, f"{self._prefix}{scope}/", self._stepped)

    def stepped(self, kernel: Array) -> "Array | Matrix":
        """A kernel that every step reads, in the precision asked for."""
        return kernel if self._stepped is None else self._stepped(kernel)

    def take(self, name: str, *shape: int) -> Array:
        """A copy of the tensor ``name`` [shape]. Raises ValueError if it is missing, misshapen or not of numbers."""
        full = self._prefix + name
        found = self._tensors.get(full)
        if found is None:
            raise ValueError(f"the checkpoint has no variable {full!r}, which this configuration needs")
        if found.shape != shape:
            raise ValueError(f"variable {full!r} must have shape {list(shape)}, got {list(found.shape)}")
        array = np.array(found, np.float32)
        if not np.isfinite(array).all():
            raise ValueError(f"variable {full!r} must be finite, got NaN or infinity")
        return array

    def has(self, name: str) -> bool:
        """Whether there is a tensor of that name."""
        return self._prefix + name in self._tensors

    def dense(self, name: str, rows: int, columns: int) -> "Dense":
        """The dense layer ``name``."""
        return Dense(self.take(f"{name}/kernel", rows, columns), self.take(f"{name}/bias", columns))


class Wanted(Weights):
    """Answers every question with zeros and keeps what it was asked for: the variables that a network needs."""

    def __init__(self, shapes: dict[str, tuple[int, ...]], prefix: str = "") -> None:
        super().__init__({}, prefix)
        self.shapes = shapes

    def under(self, scope: str) -> "Wanted":
        """The same record, names relative to ``scope``."""
        return Wanted(self.shapes, f"{self._prefix}{scope}/")

    def has(self, name: str) -> bool:
        """Yes: whatever may be there is wanted."""
        return True

    def take(self, name: str, *shape: int) -> Array:
        """Zeros of that shape, noted down."""
        self.shapes[self._prefix + name] = shape
        return np.zeros(shape, np.float32)


class Dense:
    """x @ kernel [rows, columns] + bias."""

    def __init__(self, kernel: Array, bias: Array) -> None:
        self.kernel = kernel
        self.bias = bias

    def __call__(self, x: Array) -> Array:
        """[..., rows] → [..., columns]."""
        return times(x, self.kernel) + self.bias


class Matrix(Protocol):
    """A kernel that multiplies by itself, in another precision."""

    shape: tuple[int, ...]

    def times(self, x: Array) -> Array:
        """x [batch, rows] @ kernel."""
        ...


def times(x: Array, kernel: Array | Matrix) -> Array:
    """x [..., rows] @ kernel [rows, columns], for a few rows one at a time.

    OpenBLAS multiplies one row at the speed of memory, but packs the kernel anew for every product of two and more:
    with few rows that costs more than the products (measured: 8 times at 2 rows, even at about 16).
    """
    if not isinstance(kernel, np.ndarray):
        return kernel.times(x)
    if x.ndim != 2 or not 1 < len(x) <= 12:
        return x @ kernel
    out = np.empty((len(x), kernel.shape[1]), np.float32)
    for row, result in zip(x, out, strict=True):
        np.dot(row, kernel, out=result)
    return out
