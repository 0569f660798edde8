"""The patches as they would be written now, so that committed ones that are out of date fail one test only."""

from pathlib import Path

import pytest

from bridge.addresses import Table
from bridge.hosts import generate


@pytest.fixture(scope="session")
def patches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all patches."""
    folder = tmp_path_factory.mktemp("patches")
    generate.write(Table(), folder)
    return folder
