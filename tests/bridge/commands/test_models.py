import hashlib
import json
from pathlib import Path

import pytest

from bridge.__main__ import main
from bridge.addresses import Table
from bridge.weights import licence
from models.contract import discover


def test_list_names_every_model(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list"]) == 0
    told = capsys.readouterr().out
    assert all(model.name in told for model in discover())


@pytest.mark.parametrize("model", discover(), ids=lambda model: model.name)
def test_info_tells_every_parameter_and_file(model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "info", model.name]) == 0
    told = capsys.readouterr().out
    assert all(path in told for path in Table().model_paths(model).values())
    assert all(name in told for name in model.weights)
    assert "MISSING" not in told
    assert "not stated" not in told


@pytest.mark.parametrize("model", discover(), ids=lambda model: model.name)
def test_the_hashes_are_of_the_files(model, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "info", model.name, "--json"]) == 0
    for file in json.loads(capsys.readouterr().out)["weights"]:
        content = Path(file["file"]).read_bytes()
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


def test_a_model_that_is_not_declared_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "info", "orchestra"]) == 2
    said = capsys.readouterr().err
    assert "must be one of" in said and "'orchestra'" in said


def test_licence_of_a_card(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text("---\nname: x\nlicense: cc0-1.0\n---\n# x\n", "utf-8")
    assert licence(card) == "cc0-1.0"
    card.write_text("# x\n- **Licence**: Apache-2.0.\n", "utf-8")
    assert licence(card) == "Apache-2.0"
    card.write_text("# x\n", "utf-8")
    assert licence(card) == ""
