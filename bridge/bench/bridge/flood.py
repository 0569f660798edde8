"""How many messages a second arrive without one lost."""

import multiprocessing
import socket
import time
from collections.abc import Callable
from typing import Any

from bridge.bench import BenchError
from bridge.bench.bridge.load import Load
from bridge.client.osc import NoReplyError, OscClient, packet
from bridge.client.server import HOST, ServerProcess
from bridge.clocks import now
from bridge.measure.figures import Figure

RATES = (5_000, 7_500, 10_000, 12_500, 15_000, 18_000, 21_000, 26_000, 32_000, 40_000, 50_000, 64_000)
"""Messages a second that are tried; the goal of 20,000 with a little to spare, for draining takes time too."""
FIRST = RATES.index(21_000)
SECONDS = 3.0
"""That each rate is held."""
TICK = 0.001
"""Seconds between bursts."""
BURST = 256
"""Messages that are sent at once at most, when the sender itself was held up."""
DRAINED_WITHIN = 10.0
"""Seconds in which the server has to have read what it took."""
PATHS = ("/frames/speed", "/frames/reaction", "/music/temperature", "/music/variation")


def flood_figures(server: ServerProcess, load: Load, tell: Callable[[str], None]) -> list[Figure]:
    """Find the highest rate without loss. Raises ServerFailedError when the server ends."""
    reached: list[float] = []
    losses: list[str] = []
    rates = list(RATES[FIRST:])
    slower = list(RATES[:FIRST])
    while rates:
        rate = rates.pop(0)
        read, lost = _try(server, load, rate)
        server.check()
        tell(f"  {rate} a second: " + (f"{lost} lost" if lost else f"none lost, read at {read:.0f} a second"))
        if not lost:
            reached.append(read)
            if losses:
                break
        else:
            losses.append(f"{lost} lost at {rate}")
            rates = [] if reached or not slower else [slower.pop()]
    tried = f"; {', '.join(losses)}" if losses else ""
    return [
        Figure(
            name="osc_messages_per_second",
            value=round(max(reached)) if reached else None,
            unit="1/s",
            goal=">= 20000",
            why="" if reached else f"messages were lost at every rate{tried}",
            detail=f"parameters set over UDP, in bursts every {TICK * 1000:g} ms for {SECONDS:g} s, from the first"
            f" sent to the last read; all that anyone sent was counted against /info osc/received{tried}",
        )
    ]


def _try(server: ServerProcess, load: Load, rate: int) -> tuple[float, int]:
    """Hold a rate; return how many messages a second were read, and how many were lost."""
    with OscClient(server.osc_port) as client:
        sent_before, received_before = counts(client, load)
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        sender = spawn.Process(target=_send, args=(theirs, server.osc_port, rate), daemon=True)
        sender.start()
        theirs.close()
        try:
            count, begin = ours.recv()
        except EOFError:
            raise BenchError("the process that floods the server with messages died") from None
        drained = _drained(client)
        sender.join()
        sent, received = counts(client, load)
        lost = (sent - sent_before + count) - (received - received_before)
    return count / (drained - begin), max(0, lost)


def counts(client: OscClient, load: Load) -> tuple[int, int]:
    """Return how many messages this client and the load have sent, and how many messages the server has counted."""
    with load.resting:
        received = client.info("osc/received").get("osc/received")
        if not isinstance(received, int | float):
            raise BenchError("the server does not tell how many messages it received (/info osc/received)")
        # /info and the /ping that follows it: the first has been counted when its answer is made up.
        return load.client.sent + client.sent - 1, int(received)


def _drained(client: OscClient) -> float:
    """Return when the server had read everything sent before."""
    give_up = now() + DRAINED_WITHIN
    while True:
        try:
            return client.ping(timeout=1.0)[1]
        except NoReplyError:  # the buffer was full, so it was lost; or there is a lot to read before it
            if now() > give_up:
                raise


def _send(result: Any, port: int, rate: int) -> None:
    """In its own process: send as many messages as are due, every TICK; tell how many, and when the first left."""
    packets = [packet(path, step / 64) for step in range(64) for path in PATHS]
    total = int(rate * SECONDS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        sock.connect((HOST, port))
        sent = 0
        begin = now()
        while sent < total:
            due = min(total, int((now() - begin) * rate))
            for _ in range(min(due - sent, BURST)):
                sock.send(packets[sent % len(packets)])
                sent += 1
            time.sleep(TICK)
    result.send((sent, begin))
