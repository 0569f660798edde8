"""The server as a process: started, seen to be ready, ended; and what is said when that fails."""

import sys

import pytest

from bridge.client.server import ServerFailedError, ServerProcess, free_ports


def python(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def test_free_ports_differ() -> None:
    assert len(set(free_ports(8))) == 8


def test_it_is_ready_when_it_says_so_and_ends_as_by_ctrl_c() -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n"
        "print('Antiphon is ready at', *sys.argv[1:])\n"
        "time.sleep(60)\n"
    )
    server = ServerProcess(python(program), extra=("--more", "1"))
    assert 0 < server.wait_ready(30) < 30
    ports = f"--osc-port {server.osc_port} --http-port {server.http_port} --more 1"
    assert server.output == f"Antiphon is ready at {ports}"
    assert server.stop() == 7
    assert server.stop() == 7


def test_one_that_ends_at_once_is_told_with_what_it_said() -> None:
    with (
        ServerProcess(python("import sys; print('port 9 is taken'); sys.exit(3)")) as server,
        pytest.raises(ServerFailedError, match=r"(?s)status 3.*port 9 is taken"),
    ):
        server.wait_ready(30)


def test_one_that_never_is_ready_is_told() -> None:
    with (
        ServerProcess(python("import time; print('loading', flush=True); time.sleep(60)")) as server,
        pytest.raises(ServerFailedError, match=r"not ready within 0.5 s"),
    ):
        server.wait_ready(0.5)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends it at once")
def test_one_that_does_not_end_is_killed() -> None:
    program = "import signal, time; signal.signal(2, signal.SIG_IGN); print('Antiphon is ready'); time.sleep(60)"
    server = ServerProcess(python(program))
    server.wait_ready(30)
    assert server.stop(timeout=0.3) == -9


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(ServerFailedError, match="no-such-program"):
        ServerProcess(["no-such-program"])
