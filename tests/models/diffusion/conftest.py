"""What these tests share: the tiny pipelines, made once."""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tiny() -> Callable[..., Any]:
    """``tiny_pipeline``, each kind made once."""
    from models.diffusion.tiny import tiny_pipeline

    return cache(tiny_pipeline)


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """The networks are too small to share among threads, which wait for each other where cores are taken."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
