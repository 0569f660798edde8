"""Latencies while both models work: parameters, first notes, the notes' moments, frames."""

import random
from collections.abc import Mapping

from bridge.bench.bridge.load import Load
from bridge.client.osc import OscClient, Received
from bridge.client.server import ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile_ms

SET_EVERY = 0.02
"""Seconds, on average, from one parameter set to the next."""
PARAMETER = "/frames/reaction"
SETTLE = 2.0
"""Seconds of load before anything counts."""
GRACE = 0.5
"""Seconds that the last echo may take."""


def under_load_figures(server: ServerProcess, load: Load, seconds: float) -> list[Figure]:
    """Measure for so many seconds. Raises ServerFailedError when the server ends."""
    until(now() + SETTLE)
    with OscClient(server.osc_port) as client:
        client.subscribe(PARAMETER, "/music/state")
        begin, frames_before = now(), len(load.tap.frames)
        sent = _set_parameters(client, begin + seconds)
        end, frames = now(), load.tap.frames[frames_before:]
        until(now() + GRACE)
        server.check()
        echoes = client.received(PARAMETER)
        states = client.received("/music/state")
        info = client.info("")
    latencies, lost = echo_latencies(sent, echoes)
    rate = len(frames) / (end - begin)
    ages = [frame.time - frame.generated for frame in frames]
    return [
        Figure(
            name="osc_to_parameter_p99_ms",
            value=percentile_ms(latencies, 99),
            unit="ms",
            goal="<= 10",
            why=f"{lost} of {len(sent)} settings were not told to the subscriber" if not latencies else "",
            detail=f"{PARAMETER} sent until its subscriber has the new value: the way in, checking, applying it and"
            f" the way back, so an upper bound of the time until it is applied; {len(latencies)} settings, {lost} lost",
        ),
        *_first_notes(info, load, states),
        *lateness_figures(info),
        Figure(
            name="frames_per_second",
            value=round(rate, 2) if frames else None,
            unit="Hz",
            goal=">= 20",
            why="" if frames else "no frame came over the WebSocket",
            detail="new frames of 256 x 256 taken from the WebSocket, at the default /frames/fps",
        ),
        Figure(
            name="frame_age_p50_ms",
            value=percentile_ms(ages, 50),
            unit="ms",
            goal="",
            why="" if frames else "no frame came over the WebSocket",
            detail="the moment that a frame is painted for, until it is taken from the WebSocket: painting, encoding"
            " and sending included",
        ),
    ]


def _set_parameters(client: OscClient, end: float) -> list[tuple[float, float]]:
    """Set the parameter again and again, each time to another value; return (value, time)."""
    chance = random.Random(1)  # noqa: S311  (no secret; not on the beat of anything that runs regularly)
    sent: list[tuple[float, float]] = []
    while now() < end:
        value = (1 + len(sent) % 4095) / 4096  # exact as a float of 32 bits, so that the echo is known by its value
        sent.append((value, client.send(PARAMETER, value)))
        until(now() + chance.uniform(0.5, 1.5) * SET_EVERY)
    return sent


def echo_latencies(sent: list[tuple[float, float]], echoes: list[Received]) -> tuple[list[float], int]:
    """Return the seconds until each echo, and how many never came."""
    latencies = []
    place = 0
    for value, time in sent:
        for index in range(place, len(echoes)):
            if echoes[index].values[0] == value and echoes[index].time >= time:
                latencies.append(echoes[index].time - time)
                place = index + 1
                break
    return latencies, len(sent) - len(latencies)


def _first_notes(info: Mapping[str, object], load: Load, states: list[Received]) -> list[Figure]:
    detail = "the model is asked until control has the first note of its answer, before waiting for the bar"
    p50, p99 = (_number(info.get(f"music/first_note_ms_p{percent}")) for percent in (50, 99))
    heard = []
    answering = [message.time for message in states if message.values[0] == "answering"]
    for trigger, following in zip(load.triggers, load.triggers[1:], strict=False):
        heard += [time - trigger for time in answering if trigger <= time < following][:1]
    why = f"the server told none; it answered {info.get('music/answers', 0)} calls"
    return [
        Figure(name="first_note_p50_ms", value=p50, unit="ms", goal="", why="" if p50 else why, detail=detail),
        Figure(name="first_note_p99_ms", value=p99, unit="ms", goal="<= 60", why="" if p99 else why, detail=detail),
        Figure(
            name="trigger_to_answering_p99_ms",
            value=percentile_ms(heard, 99),
            unit="ms",
            goal="",
            why="" if heard else "/music/state never said answering",
            detail="/music/answer sent until the player hears /music/state answering: both ways over OSC included;"
            f" {len(heard)} answers",
        ),
    ]


def lateness_figures(info: Mapping[str, object]) -> list[Figure]:
    scheduling = str(info.get("realtime/scheduling", "unknown scheduling"))
    allowed = scheduling.startswith("SCHED_FIFO")
    figures = []
    for percent, goal in ((50, "<= 0.2"), (99, "<= 3")):
        value = _number(info.get(f"realtime/note_lateness_ms_p{percent}"))
        why = ""
        if value is None:
            why = "no note was played"
        elif not allowed:
            why = f"scheduling is {scheduling}; it measured {value:g} ms"
        figures.append(
            Figure(
                name=f"note_lateness_p{percent}_ms",
                value=value if allowed else None,
                unit="ms",
                goal=goal,
                why=why,
                detail=f"a note's moment until it has been sent to every output; {scheduling}",
            )
        )
    return figures


def _number(value: object) -> float | None:
    return round(value, 3) if isinstance(value, int | float) else None
