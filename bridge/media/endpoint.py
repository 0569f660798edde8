"""What sinks and sources have in common: parameters with addresses, extras, and a folder that they are found in."""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import msgspec

from models.contract import Param

SYSTEMS = {"win32": "Windows", "darwin": "macOS"}


class EndpointError(Exception):
    """What is asked of a sink or source cannot be done; the text says why and what to do. It is turned off."""


class Places(msgspec.Struct, frozen=True):
    """What a sink or source may need of the server that it belongs to."""

    ring: str
    """The frames that are painted: see ``bridge.media.ring``."""
    incoming: str
    """The frames that sources bring: likewise."""
    page: str
    """What sounds: see ``bridge.realtime.now``."""
    recordings: str = "recordings"
    """Folder that is written to."""


class Endpoint:
    """Shared by sinks and sources."""

    root: ClassVar[str]
    """``/sinks`` or ``/sources``."""
    name: ClassVar[str]
    """As in an address: lower case, digits and underscores."""
    extra: ClassVar[str] = ""
    """The optional dependencies that it imports: ``antiphon[extra]``."""
    system: ClassVar[str] = ""
    """The only system that has what it needs: ``Windows``, ``macOS``; empty: any."""
    on = Param(False, doc="Whether it runs.")

    @classmethod
    def params(cls) -> dict[str, Param]:
        """Every parameter by name, ``on`` first."""
        found: dict[str, Param] = {}
        for parent in reversed(cls.__mro__):
            found.update({name: value for name, value in vars(parent).items() if isinstance(value, Param)})
        return found

    @classmethod
    def at(cls) -> str:
        """Its address, such as ``/sinks/ndi``."""
        return f"{cls.root}/{cls.name}"

    @classmethod
    def address(cls, param: str) -> str:
        """Where a parameter is found."""
        return f"{cls.at()}/{param}"


def found_in(folder: ModuleType, kind: type[Endpoint], report: Callable[[str], None]) -> tuple[type[Endpoint], ...]:
    """Return the classes of a kind that a folder's modules define, ordered by name; reports what cannot be imported."""
    found = []
    for entry in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        try:
            module = importlib.import_module(entry.name)
        except Exception as error:  # noqa: BLE001  (whatever is wrong with it, or with a library that it needs)
            report(f"{entry.name} cannot be used: {type(error).__name__}: {error}")
            continue
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, kind) and value.__module__ == entry.name
        ]
    return tuple(sorted(found, key=lambda endpoint: endpoint.name))


def required(endpoint: type[Endpoint], module: str) -> Any:
    """Import a module of the endpoint's extra. Raises ImportError that says what to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        if endpoint.system and endpoint.system != SYSTEMS.get(sys.platform):
            raise ImportError(f"{endpoint.name} is for {endpoint.system} only") from error
        missing = (error.name or module).partition(".")[0]
        raise ImportError(
            f"{endpoint.name} needs packages that are not installed ({missing}: {error}):"
            f" pip install 'antiphon[{endpoint.extra}]'"
        ) from error


def inside(folder: str, name: str) -> Path:
    """Return the path of a file of that name in the folder. Raises EndpointError for one that would lie elsewhere."""
    if not name or name.startswith(".") or any(not (letter.isalnum() or letter in " ._-") for letter in name):
        raise EndpointError(f"a name must be of letters, digits, spaces, '.', '_' and '-', got {name!r}")
    return Path(folder) / name
