import json
import socket

import pytest

from bridge.__main__ import main
from bridge.checks import installed
from bridge.client.server import free_ports


def findings(text: str) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in json.loads(text)["findings"]}


@pytest.fixture
def ports() -> list[str]:
    """Flags that name two ports which were free a moment ago."""
    osc, http = free_ports(2)
    return ["--osc-port", str(osc), "--http-port", str(http)]


def test_the_server_can_run_here(ports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", *ports]) == 0
    told = capsys.readouterr().out
    assert "The server can run" in told
    assert "Python" in told
    assert "could not be checked" not in told


def test_a_taken_port_makes_it_fail(ports: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(ports[1])))
        taken.listen()
        assert main(["doctor", "--json", *ports]) == 1
    said = capsys.readouterr().out
    assert json.loads(said)["can_run"] is False
    assert findings(said)[f"OSC port {ports[1]}"]["state"] == "fail"


def test_a_setting_that_is_not_allowed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json", "--osc-port", "99999"]) == 1
    assert "99999" in findings(capsys.readouterr().out)["settings"]["text"]


def test_a_check_that_fails_to_check_stops_nothing(
    ports: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def python(settings: object) -> None:
        raise RuntimeError("out of tea")

    monkeypatch.setattr(installed, "python", python)
    main(["doctor", "--json", *ports])
    found = findings(capsys.readouterr().out)
    assert found["python"]["text"] == "could not be checked: out of tea"
    assert "packages" in found
