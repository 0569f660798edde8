"""What all tests share: the data beside the repository."""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest_plugins = ("jackd", "tests.tiny_disk")

ALONE = {"test_timing.py", "test_link.py"}
"""Files whose benches or peers want the machine for themselves, too."""
ROOT = Path(__file__).parent.parent


JACK = {"JackServer", "running_server", "NoJackError", "strike_out_dead_servers"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What runs a JACK server runs alone: on two cores JACK's clock stands still while other tests have them."""
    for item in items:
        names = set(vars(item.module)) if isinstance(item, pytest.Function) else set()
        if JACK & names or "jack_server" in getattr(item, "fixturenames", ()) or item.path.name in ALONE:
            item.add_marker("alone")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with reference data: shared/ beside the repository's folder, or where ANTIPHON_SHARED says."""
    folder = Path(os.environ.get("ANTIPHON_SHARED") or ROOT.parent / "shared")
    if not folder.is_dir():
        pytest.skip(f"reference data: {folder.name}/ is not beside the repository; ANTIPHON_SHARED names another place")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_show(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Servers that tests start keep presets and the like here, and not among the user's."""
    os.environ["ANTIPHON_SHOW"] = str(tmp_path_factory.mktemp("show"))


@pytest.fixture(autouse=True)
def _subnormal_numbers() -> None:
    """A model that ran in this thread may have left it flushing subnormal numbers to zero, where others need them."""
    if sys.float_info.min / 2 == 0.0 and importlib.util.find_spec("torch"):
        import torch

        torch.set_flush_denormal(False)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What servers keep for their next start lies apart from that of a server in use."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANTIPHON_STATE", str(tmp_path_factory.mktemp("state")))
        yield
