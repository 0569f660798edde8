"""Programs that nobody here wrote, as peers in tests."""

import shutil

import pytest


def require_program(name: str, package: str) -> str:
    """Return the path of a program; skip the test, saying what to install, where it is missing."""
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} not found: install {package}")
    return path
