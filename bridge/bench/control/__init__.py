"""``antiphon bench control``: from a hand on the page to a parameter and back, and many clients at once."""

import shutil
from collections.abc import Callable

from bridge.bench import BenchError
from bridge.bench.bridge.load import Load
from bridge.bench.control.busy import busy_figures
from bridge.bench.control.crowd import crowd_figures
from bridge.bench.control.room import room_figures
from bridge.client.osc import NoReplyError
from bridge.client.server import ServerFailedError, ServerProcess
from bridge.measure.figures import Figure

HELP = "the control room's latencies, many clients, many changes"
SECONDS = 15.0
"""Of each part: the page, a hundred clients, a thousand changes a second."""
READY_WITHIN = 60.0
"""Seconds that the server may take until it is ready."""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure. Raises BenchError when the server does not run."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    try:
        tell("starting the server")
        with ServerProcess() as server:
            server.wait_ready(READY_WITHIN)
            tell(f"the page, for {seconds:g} s each way")
            figures = room_figures(server, program, seconds)
            tell(f"a hundred clients, for {seconds:g} s")
            figures += crowd_figures(server, seconds)
            tell(f"a thousand changes a second with both models under load, for {seconds:g} s")
            with Load(server) as load:
                figures += busy_figures(server, load, seconds)
    except (ServerFailedError, NoReplyError) as error:
        raise BenchError(str(error)) from error
    return figures
