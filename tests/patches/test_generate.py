from pathlib import Path

import pytest
from stage_models import Chord, Lamp

from bridge.__main__ import main
from bridge.addresses import Address, Argument, Table
from bridge.hosts import generate
from bridge.hosts.controls import EXACT, SET_UP, example, pages, queries
from bridge.osc.patterns import Pattern


def test_the_patches_are_current(root: Path) -> None:
    assert not generate.stale(Table(), root / "patches"), "make generate writes the patches again"


def test_a_patch_that_is_changed_missing_or_unwanted_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["patches", "--out", str(tmp_path)]) == 0
    written = capsys.readouterr().out.splitlines()
    assert all(Path(path).is_file() for path in written)
    assert main(["patches", "--check", "--out", str(tmp_path)]) == 0
    changed, missing = Path(written[0]), Path(written[-1])
    changed.write_bytes(b"")
    missing.unlink()
    (tmp_path / "old.pd").touch()
    assert main(["patches", "--check", "--out", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert all(f"{path} is out of date" in told for path in (changed, missing, tmp_path / "old.pd"))
    assert told.count("\n") == 3


def test_each_parameter_and_each_action_without_arguments_can_be_turned_or_pressed() -> None:
    table = Table()
    controls = {control.path: control for page in pages(table).values() for control in page}
    for path, entry in table.entries.items():
        if path.split("/")[1] in SET_UP:
            assert path not in controls
        elif entry.kind == "parameter":
            (argument,) = entry.arguments
            control = controls[path]
            assert control.default == argument.default and control.unit == argument.unit
            if argument.low is not None:
                assert (control.low, control.high) == (argument.low, min(argument.high or 0, EXACT))
        elif entry.kind == "action" and not entry.arguments:
            assert controls[path].kind == "button"


def test_a_new_model_is_in_the_patches_at_once() -> None:
    """A parameter is one line: nothing but the declaration says it."""
    written = generate.files(Table(models=[Chord, Lamp]))
    with_lamp = [name for name, content in written.items() if b"lamp" in content and b"level" in content]
    assert {name.partition("/")[0] for name in with_lamp} == {name.partition("/")[0] for name in written}


def test_queries_reach_every_parameter() -> None:
    table = Table()
    patterns = [Pattern(query) for query in queries(control for page in pages(table).values() for control in page)]
    for path, entry in table.entries.items():
        if entry.kind == "parameter" and path.split("/")[1] not in SET_UP:
            assert any(pattern.matches(path) for pattern in patterns), path


def test_examples_are_allowed() -> None:
    for entry in [*Table().entries.values(), Address("/x", "action", (Argument("x", "float", 1, 2),))]:
        entry.check(example(entry))
