from pathlib import Path

from bridge.addresses import Argument, Table
from bridge.reference import extent, text


def test_the_reference_is_current(root: Path) -> None:
    written = (root / "docs" / "addresses.md").read_text("utf-8")
    assert written == text(Table()), "make generate writes docs/addresses.md again"


def test_every_address_is_in_it() -> None:
    table = Table(models=())
    assert all(f"`{path}`" in text(table) for path in table.entries)


def test_extent() -> None:
    assert extent(Argument("x", "float", 0.5, 2, "beats")) == "0.5..2 beats"
    assert extent(Argument("x", "int", -1, 2**31 - 1)) == "-1..2147483647"
    assert extent(Argument("x", "string", choices=("a", "b"))) == "a or b"
    assert extent(Argument("x", "bool")) == "0 or 1"
    assert extent(Argument("x", "float", unit="s")) == "s"
