import pytest

from bridge.checks import installed
from bridge.config import Settings


def test_what_the_plain_installation_requires_is_here() -> None:
    required = installed.requirements()[""]
    assert {"mido", "numpy", "onnxruntime", "python-osc", "python-rtmidi"} <= set(required)
    assert installed.import_name("pillow") == "PIL"
    assert [finding.state for finding in installed.packages(Settings())] == ["ok"]


def test_a_missing_package_fails_and_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "requirements", lambda: {"": ["numpy", "no-such-package"]})
    failed = [finding for finding in installed.packages(Settings()) if finding.state == "fail"]
    assert [finding.name for finding in failed] == ["package no-such-package"]
    assert "pip install no-such-package" in failed[0].advice


def test_a_package_that_cannot_be_imported_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "requirements", lambda: {"": ["numpy"]})
    monkeypatch.setattr(installed, "import_name", lambda name: "no_such_module")
    failed = [finding for finding in installed.packages(Settings()) if finding.state == "fail"]
    assert "ModuleNotFoundError" in failed[0].text


def test_an_absent_extra_is_only_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "requirements", lambda: {"": [], "wings": ["no-such-package"]})
    (finding,) = installed.extras(Settings())
    assert finding.state == "note"
    assert "antiphon[wings]" in finding.advice
