"""How a model is loaded: with what it needs for it, and with a reason where it cannot be."""

import sys
import types

import pytest

from models.contract import FrameModel, Param


class Sketch(FrameModel):
    name = "sketch"
    extra = "sketching"
    implementation = "sketch_implementation:Painter"
    paper = Param("plain", at_load=True)
    ink = Param("black")


class Painter:
    def __init__(self, width: int, height: int, **needed: object) -> None:
        self.given = width, height, needed


@pytest.fixture
def implementation(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("sketch_implementation")
    module.Painter = Painter
    monkeypatch.setitem(sys.modules, "sketch_implementation", module)


@pytest.mark.usefixtures("implementation")
def test_a_model_is_loaded_with_what_it_needs_and_no_more() -> None:
    assert Sketch.load(4, 3).given == (4, 3, {"paper": "plain"})
    assert Sketch.load(4, 3, {"paper": "rough", "ink": "red", "seed": 1}).given == (4, 3, {"paper": "rough"})


def test_a_missing_package_is_named_with_what_to_install() -> None:
    with pytest.raises(ImportError, match=r"sketch_implementation is missing\): pip install 'antiphon\[sketching\]'"):
        Sketch.load(4, 3)


def test_a_fault_of_our_own_is_no_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sketch, "implementation", "models.texture_ca.nothing:Painter")
    with pytest.raises(ModuleNotFoundError, match=r"No module named 'models\.texture_ca\.nothing'"):
        Sketch.load(4, 3)
