"""``antiphon bench bridge``: the road from a player's message to notes and frames, with both models under load."""

from collections.abc import Callable

from bridge.bench import BenchError
from bridge.bench.bridge.flood import flood_figures
from bridge.bench.bridge.load import Load
from bridge.bench.bridge.start import start_figures
from bridge.bench.bridge.under_load import under_load_figures
from bridge.client.osc import NoReplyError
from bridge.client.server import ServerFailedError, ServerProcess
from bridge.measure.figures import Figure

HELP = "latencies, rates and starts of the whole bridge"
SECONDS = 30.0
"""That latencies are taken under load; the starts and the flood of messages take about as long again."""
READY_WITHIN = 60.0
"""Seconds that the server may take until it is ready."""


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure. Raises BenchError when the server does not run."""
    try:
        tell("cold starts")
        starts = start_figures(tell)
        tell("starting the server, with both models under load")
        with ServerProcess() as server:
            server.wait_ready(READY_WITHIN)
            with Load(server) as load:
                tell(f"latencies, for {seconds:g} s")
                latencies = under_load_figures(server, load, seconds)
                tell("messages a second")
                rates = flood_figures(server, load, tell)
    except (ServerFailedError, NoReplyError) as error:
        raise BenchError(str(error)) from error
    return [*latencies, *rates, *starts]
