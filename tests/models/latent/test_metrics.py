"""The distance between sets of pictures, and who is nearest to whom."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")

from models.latent import space
from models.latent.training.metrics import kernel_distance, nearest


def test_the_distance_is_nought_for_one_kind_and_grows_with_the_difference():
    rng = np.random.default_rng(0)
    one, same, other, far = (rng.standard_normal((200, 16)) + shift for shift in (0, 0, 0.5, 1))
    assert abs(kernel_distance(one, same)) < 0.05
    assert kernel_distance(one, same) < kernel_distance(one, other) < kernel_distance(one, far)


def test_a_copy_is_found():
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (64, 64, 3)).astype(np.uint8) for _ in range(5)]
    known = np.stack([space.encode(picture) for picture in pictures])
    found, distance = nearest(pictures[3:], known)
    assert found.tolist() == [3, 4] and distance.max() < 0.01
