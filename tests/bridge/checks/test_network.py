import os
import socket
import sys
import threading
from collections.abc import Iterator

import pytest

from bridge.checks.network import http_port, osc_port, receive_buffer
from bridge.client.server import free_ports
from bridge.config import Settings


@pytest.fixture(params=[socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["UDP", "TCP"])
def taken(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    """A socket that holds a port."""
    with socket.socket(socket.AF_INET, request.param) as sock:
        sock.bind(("127.0.0.1", 0))
        if request.param == socket.SOCK_STREAM:
            sock.listen()
        yield sock


@pytest.fixture
def free() -> int:
    """A port that was free a moment ago."""
    return free_ports(1)[0]


def test_free_ports(free: int) -> None:
    settings = Settings(osc_port=free, http_port=free)
    assert [finding.state for finding in (*osc_port(settings), *http_port(settings))] == ["ok", "ok"]


def test_a_taken_osc_port_names_who_holds_it(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    (finding,) = osc_port(Settings(osc_port=port))
    assert finding.state == "fail"
    assert str(port) in finding.name
    assert "--osc-port" in finding.advice
    if sys.platform == "linux":
        assert f"process {os.getpid()}" in finding.text


def test_a_taken_http_port(free: int) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", free))
        sock.listen()
        (finding,) = http_port(Settings(http_port=free))
    assert finding.state == "fail"
    assert "--http-port" in finding.advice


def test_a_port_taken_by_a_running_antiphon_is_no_failure() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))

        def answer() -> None:
            data, sender = sock.recvfrom(1024)
            assert data == b"/ping\0\0\0,\0\0\0"
            sock.sendto(b"/pong\0\0\0,\0\0\0", sender)

        thread = threading.Thread(target=answer)
        thread.start()
        (finding,) = osc_port(Settings(osc_port=sock.getsockname()[1]))
        thread.join()
    assert finding.state == "warn"
    assert "already running" in finding.text


def test_an_address_that_is_not_ours() -> None:
    (finding,) = osc_port(Settings(host="192.0.2.1"))
    assert finding.state == "fail"
    assert "192.0.2.1" in finding.text


def test_a_capped_receive_buffer_says_what_to_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.osc.receive_buffer.probe_receive_buffer", lambda: 212992)
    (finding,) = receive_buffer(Settings())
    assert finding.state == "warn"
    assert "208 KiB" in finding.text
    if sys.platform == "linux":
        assert "sysctl -w net.core.rmem_max=4194304" in finding.advice
