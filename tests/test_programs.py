import re
from pathlib import Path

import pytest
from programs import NEEDS, Need, report

TESTS = Path(__file__).parent


def test_what_tests_require_is_known_and_installed_by_ci() -> None:
    """A program that make test does not tell of, and CI does not install, would be skipped for ever."""
    sources = [path.read_text("utf-8") for path in TESTS.rglob("*.py")]
    required = {name for source in sources for name in re.findall(r'require_program\(\s*"(\w+)"', source)}
    assert "pd" in required
    assert required <= {program for need in NEEDS for program in need.programs}
    ci = (TESTS.parent / ".ci" / "run").read_text("utf-8")
    for need in NEEDS:
        (command,) = (text for system, text in need.install.items() if system.startswith("Debian"))
        assert command.removeprefix("apt install ").split()[0] in ci


def test_what_is_missing_is_told_with_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programs.NEEDS", (Need("Organ", ("no-such-organ",), {"Debian": "apt install organ"}),))
    assert "Organ is missing (no-such-organ)" in report()
    assert "apt install organ" in report()


def test_nothing_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("programs.NEEDS", ())
    assert report().count("\n") == 0
