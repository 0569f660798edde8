"""Where the latent vectors of real music lie: a normal distribution fitted to the posterior's means over the songs.

N(0, 1), which training pulls them towards, reaches farther: what is drawn from it has leaps, and drums lose the beat.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from models.music_vae.weights import Array


class Prior:
    """A normal distribution of points [z_size]."""

    def __init__(self, mean: Array, factor: Array) -> None:
        """``mean`` [z_size] and ``factor`` [z_size, z_size], whose product with its transpose is the covariance."""
        self._mean, self._factor = mean, factor

    @staticmethod
    def standard(z_size: int) -> "Prior":
        """N(0, 1)."""
        return Prior(np.zeros(z_size, np.float32), np.eye(z_size, dtype=np.float32))

    @staticmethod
    def fitted(points: npt.NDArray[np.floating], spread: float = 1.0) -> "Prior":
        """To points [n, z_size], whose deviations from their mean are multiplied by ``spread``."""
        covariance = np.cov(points, rowvar=False) + 1e-4 * np.eye(points.shape[1])
        factor = spread * np.linalg.cholesky(covariance)
        return Prior(points.mean(0).astype(np.float32), factor.astype(np.float32))

    @staticmethod
    def read(path: Path, z_size: int) -> "Prior":
        """Raises OSError if there is no such file, ValueError with the path and the reason if it is not of the kind."""
        try:
            with safe_open(path, framework="np") as file:
                found = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError) as error:
            raise ValueError(f"{path}: not a safetensors file: {error}") from error
        for name, shape in (("mean", (z_size,)), ("factor", (z_size, z_size))):
            if name not in found or found[name].shape != shape or not np.isfinite(found[name]).all():
                got = list(found[name].shape) if name in found else "none"
                raise ValueError(f"{path}: {name} must be finite, of shape {list(shape)}, got {got}")
        return Prior(found["mean"], found["factor"])

    def tensors(self) -> dict[str, npt.NDArray[np.float16]]:
        """As they are written."""
        return {"mean": self._mean.astype(np.float16), "factor": self._factor.astype(np.float16)}

    def draw(self, rng: np.random.Generator) -> Array:
        """A point [1, z_size]."""
        normal = rng.standard_normal((1, len(self._mean))).astype(np.float32)
        return self._mean + normal @ self._factor.T
