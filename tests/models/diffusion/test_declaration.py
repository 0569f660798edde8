"""Streaming diffusion where its packages are not installed."""

import subprocess
import sys

import pytest

BLOCKED = """
import sys
sys.modules[{name!r}] = None
from models.diffusion.declaration import Diffusion
try:
    Diffusion.load(64, 48)
except ImportError as error:
    print(error)
"""


@pytest.mark.parametrize("name", ["torch", "diffusers"])
def test_it_says_what_to_install(root, name):
    if name == "diffusers":
        pytest.importorskip("torch", reason="pip install 'antiphon[torch]'")
    told = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(name=name)], cwd=root, capture_output=True, text=True, check=True
    )
    assert "pip install 'antiphon[diffusion]'" in told.stdout, told
