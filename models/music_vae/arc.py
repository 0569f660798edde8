"""Ways between points of the latent space: along arcs, as most of a Gaussian's mass lies on a sphere.

Source: Shoemake, "Animating rotation with quaternion curves", 1985; magenta `trained_model.py` interpolate.
"""

import numpy as np

from models.music_vae.weights import Array


def slerp(start: Array, end: Array, along: float) -> Array:
    """The point ``along`` (0..1) the arc from ``start`` to ``end``, both [1, z_size]; their lengths are blended.

    Where there is no arc (equal ends, opposite ends, an end at zero) it is the point on the straight line.
    """
    lengths = np.linalg.norm(start), np.linalg.norm(end)
    if min(lengths) < 1e-6:
        return np.float32(1 - along) * start + np.float32(along) * end
    cosine = float(np.clip((start * end).sum() / (lengths[0] * lengths[1]), -1.0, 1.0))
    angle = np.arccos(cosine)
    if np.sin(angle) < 1e-6:
        return np.float32(1 - along) * start + np.float32(along) * end
    return (
        np.float32(np.sin((1 - along) * angle) / np.sin(angle)) * start
        + np.float32(np.sin(along * angle) / np.sin(angle)) * end
    )


def ways(ends: list[Array], steps: int) -> list[Array]:
    """Points between 2 ends (``steps`` of them, both ends among them) or 4 corners (``steps`` × ``steps``, by rows).

    The corners are the first row's first and last point, then the last row's. Raises ValueError for another number.
    """
    if len(ends) not in (2, 4):
        raise ValueError(f"ends must be 2, or 4 corners, got {len(ends)}")
    alongs = np.linspace(0.0, 1.0, steps).tolist() if steps > 1 else [0.5]
    if len(ends) == 2:
        return [slerp(ends[0], ends[1], along) for along in alongs]
    top, bottom = (ways(pair, steps) for pair in (ends[:2], ends[2:]))
    return [slerp(up, down, row) for row in alongs for up, down in zip(top, bottom, strict=True)]
