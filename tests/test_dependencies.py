"""One way only: bridge imports models, never back; and what must stay light imports nothing heavy."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

NETWORK = {"asyncio", "http", "pythonosc", "selectors", "socket", "socketserver", "ssl", "starlette", "urllib"}
NETWORK |= {"uvicorn", "websockets"}
FRAMEWORKS = {"diffusers", "note_seq", "onnx", "onnxruntime", "torch", "transformers"}
ENCODERS = {"av", "aiortc", "cv2", "cyndilib", "PIL", "simplejpeg", "starlette", "uvicorn"}


def imports(path: Path) -> Iterator[str]:
    """The modules that a source file imports, at its top or later, by their absolute names."""
    package = ".".join(path.relative_to(ROOT).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package) if node.level else node.module or ""
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter holds after the statement."""
    command = f"import json, sys\n{statement}\nprint(json.dumps(list(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(result.stdout))


def tops(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def implementations(modules: set[str]) -> set[str]:
    """Those that are neither the contract nor the declaration of a model."""
    inside = {module.removeprefix("models.") for module in modules if module.startswith("models.")}
    return {name for name in inside if name != "contract" and "." in name and not name.endswith(".declaration")}


@pytest.mark.parametrize("path", sorted((ROOT / "models").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_models_know_no_bridge_and_no_network(path: Path) -> None:
    assert not tops(set(imports(path))) & ({"bridge"} | NETWORK)


def test_relative_and_late_imports_are_seen() -> None:
    """The reader above is not blind: bridge is seen to import models."""
    assert "models.contract" in set(imports(ROOT / "bridge" / "addresses.py"))
    assert "importlib" in tops(set(imports(ROOT / "models" / "contract.py")))


def test_declarations_are_light() -> None:
    loaded = loaded_by("from models.contract import discover; assert discover()")
    heavy = FRAMEWORKS | ENCODERS | NETWORK - {"urllib"} | {"numpy", "scipy"}  # pathlib itself loads urllib.parse
    assert not tops(loaded) & heavy
    assert not implementations(loaded)


CONTROL = ("bridge.addresses", "bridge.session", "bridge.server", "bridge.commands.serve", "bridge.__main__")


@pytest.mark.parametrize("module", CONTROL)
def test_control_imports_no_torch_no_implementation_no_encoder(module: str) -> None:
    loaded = loaded_by(f"import {module}")
    assert not tops(loaded) & (FRAMEWORKS | ENCODERS)
    assert not implementations(loaded)


def test_realtime_imports_no_torch_no_http() -> None:
    loaded = loaded_by("import bridge.realtime.process")
    assert not tops(loaded) & (FRAMEWORKS | ENCODERS | {"starlette", "uvicorn", "websockets"})
    assert not implementations(loaded)


def test_media_imports_no_torch_no_implementation() -> None:
    loaded = loaded_by("import bridge.media.process")
    assert not tops(loaded) & FRAMEWORKS
    assert not implementations(loaded)
