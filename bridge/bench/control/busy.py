"""A thousand changes a second while both models work: none is lost, and no note comes late."""

from bridge.bench.bridge.flood import counts
from bridge.bench.bridge.load import Load
from bridge.bench.bridge.under_load import lateness_figures
from bridge.client.osc import OscClient, packet
from bridge.client.server import ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure

CHANGES = 1_000
SETTLE = 2.0
"""Seconds of load before anything counts."""
PATHS = ("/frames/speed", "/frames/reaction", "/music/temperature", "/music/variation")


def busy_figures(server: ServerProcess, load: Load, seconds: float) -> list[Figure]:
    """Measure for so many seconds. Raises ServerFailedError when the server ends."""
    until(now() + SETTLE)
    packets = [packet(path, step / 64) for step in range(64) for path in PATHS]
    with OscClient(server.osc_port) as client:
        client.ping()
        sent_before, received_before = counts(client, load)
        begin = now()
        total = int(seconds * CHANGES)
        for number in range(total):
            until(begin + number / CHANGES)
            client.send_packet(packets[number % len(packets)])
        took = now() - begin
        client.ping()
        sent, received = counts(client, load)
        lost = (sent - sent_before) - (received - received_before)
        info = client.info("")
        server.check()
    return [
        Figure(
            name="changes_per_second",
            value=round(total / took) if lost <= 0 else None,
            unit="1/s",
            goal=">= 990",
            why=f"{lost} of {total} were lost" if lost > 0 else "",
            detail=f"parameters set over UDP for {took:.0f} s with both models under load, none lost",
        ),
        *lateness_figures(info),
    ]
