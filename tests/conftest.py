"""What all tests share: the data beside the repository."""

import os
from pathlib import Path

import pytest

pytest_plugins = ("jack", "tests.tiny_disk")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with reference data: shared/ beside the repository's folder, or where ANTIPHON_SHARED says."""
    folder = Path(os.environ.get("ANTIPHON_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"reference data: {folder.name}/ is not beside the repository; ANTIPHON_SHARED names another place")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT
