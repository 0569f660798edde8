"""How soon a server that was just started takes its first message, and plays its first answer."""

import statistics
from collections.abc import Callable

from bridge.client.osc import NoReplyError, OscClient, packet
from bridge.client.server import ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure

STARTS = 5
ANSWERS = 3
SERVED_WITHIN = 30.0
ANSWERED_WITHIN = 60.0
TEMPO = 240.0
"""A bar in a second, so that the wait for the bar line is not what is measured."""
AGAIN = 0.1
"""Seconds after which a call that was refused is played again: the model was not there yet."""
PATIENCE = 4.0
"""Seconds after which one that was taken is played again."""
CALL = (60, 62, 64, 65)


def start_figures(tell: Callable[[str], None]) -> list[Figure]:
    """Start servers, one after the other. Raises ServerFailedError or NoReplyError."""
    starts = []
    for _ in range(STARTS):
        with ServerProcess() as server, OscClient(server.osc_port) as client:
            starts.append(client.wait_served(server.started + SERVED_WITHIN, server.check) - server.started)
    tell("  first message accepted after " + ", ".join(f"{seconds:.2f}" for seconds in starts) + " s")
    answers = [_first_answer() for _ in range(ANSWERS)]
    tell("  first answer after " + ", ".join(f"{seconds:.2f}" for seconds in answers) + " s")
    return [
        Figure(
            name="server_start_s",
            value=round(statistics.median(starts), 3),
            unit="s",
            goal="<= 1.5",
            detail=f"process start to the first /pong, a /ping sent every 5 ms; median of {STARTS} new processes, the"
            " files in the system's cache",
        ),
        Figure(
            name="first_answer_s",
            value=round(statistics.median(answers), 3),
            unit="s",
            goal="<= 8",
            detail=f"process start to the first note of an answer received, asked for as soon as a message is taken,"
            " and again where it is refused; the wait for the bar line (up to 1 s) included;"
            f" median of {ANSWERS} new processes",
        ),
    ]


def _first_answer() -> float:
    trigger = packet("/music/answer")
    with ServerProcess() as server, OscClient(server.osc_port) as client:
        client.wait_served(server.started + SERVED_WITHIN, server.check)
        client.send("/clock/tempo", TEMPO)
        client.subscribe("/music/note/out", "/error")
        give_up = server.started + ANSWERED_WITHIN
        while now() < give_up:
            server.check()
            since = client.mark()
            for pitch in CALL:
                client.send("/music/note/in", 1, pitch, 90)
                client.send("/music/note/in", 1, pitch, 0)
            client.send_packet(trigger)
            patience = now() + PATIENCE
            while now() < patience and not (client.received("/error", since) and now() > patience - PATIENCE + AGAIN):
                if notes := client.received("/music/note/out", since):
                    return notes[0].time - server.started
                until(now() + 0.005)
        reasons = sorted({str(message.values[1]) for message in client.received("/error")})
        raise NoReplyError(f"no answer within {ANSWERED_WITHIN:g} s; the server said: {'; '.join(reasons)}")
