"""Calls what may print, hang or crash in an interpreter of its own."""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

TIMEOUT = 20.0
"""Seconds; drivers have been seen to take several."""

_MARK = "antiphon-result "
_CODE = (
    "import importlib, json, sys; module, name, arguments = json.loads(sys.argv[1]); "
    "result = getattr(importlib.import_module(module), name)(*arguments); "
    f"print('\\n{_MARK}' + json.dumps(result))"
)


class ApartError(Exception):
    """The call failed; the text says how."""


def call(function: Callable[..., Any], *arguments: Any, timeout: float = TIMEOUT) -> Any:
    """Return what a module's function returns, called elsewhere; arguments and result go as JSON. Raises ApartError."""
    request = json.dumps([function.__module__, function.__qualname__, arguments])
    try:
        result = subprocess.run(
            [sys.executable, "-c", _CODE, request], stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise ApartError(f"no answer within {timeout:g} s") from error
    for line in reversed(result.stdout.decode(errors="replace").splitlines()):
        if line.startswith(_MARK):
            return json.loads(line.removeprefix(_MARK))
    said = result.stderr.decode(errors="replace").strip().splitlines()
    raise ApartError(said[-1] if said else f"ended with exit code {result.returncode}")
