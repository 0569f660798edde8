"""What these tests share: the tiny pipelines, made once."""

from collections.abc import Callable
from functools import cache

import pytest

pytest.importorskip("diffusers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")
pytest.importorskip("transformers", reason="streaming diffusion: pip install 'antiphon[diffusion]'")
