"""The demo from its beginning to its end: start the server, play, write, tell."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from bridge.client.beats import Beats
from bridge.client.frames import FrameTap, TakenFrame
from bridge.client.midi import MidiPlayer, NoMidiError
from bridge.client.osc import NoReplyError, OscClient
from bridge.client.server import SERVE, ServerFailedError, ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.demo.performance import Way
from bridge.demo.performer import Exchange, NoAnswerError, Performer
from bridge.demo.record import frame_figures, music_figures, performance
from bridge.demo.songs import SONGS, Song
from bridge.demo.video import NoEncoderError
from bridge.demo.write import SPACE, write
from bridge.measure.figures import Figure, percentile_ms
from bridge.measure.files import reason, require_space
from bridge.measure.machine import load, machine
from bridge.measure.report import Report, table

READY_WITHIN = 60.0
"""Seconds that the server may take to be ready, on a slow machine."""
PINGS = 200
PING_EVERY = 0.005
"""Seconds between one /ping and the next."""
BARS = 2
"""Of a call and of an answer."""
BEATS_PER_BAR = 4
HEARD = ("/clock/beat", "/music/note/out", "/music/state", "/error")

Tell = Callable[[str], None]


class DemoError(Exception):
    """Why the demo failed, for whoever started it."""


class Take(msgspec.Struct):
    """What one run of the server gave."""

    problems: list[str]
    """What it said at /error."""

    exchanges: list[Exchange]
    frames: list[TakenFrame]
    beats: Beats
    model: str
    figures: list[Figure]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be played."""

    songs: tuple[Song, ...] = SONGS
    tempo: float = 112.0
    """Beats per minute."""
    seed: int = -1
    """Of the answers, as /music/seed; -1 draws new ones."""
    midi: bool = True
    """Play the last song over MIDI, where there is any."""
    command: tuple[str, ...] = SERVE
    """That starts the server, before its flags."""


def demo(out: Path, plan: Plan, tell: Tell) -> None:
    """Play into a server of its own; write ``demo.{mid,png,wav,mp4,json}`` into ``out``.

    ``tell`` takes lines for whoever watches. Raises DemoError.
    """
    try:
        require_space(out, SPACE)
    except OSError as error:
        raise DemoError(f"{reason(out, error)}; choose another folder with --out") from error
    about = machine()
    try:
        take = _take(plan, tell)
    except (ServerFailedError, NoReplyError, NoAnswerError) as error:
        raise DemoError(str(error)) from error
    played = performance(take.exchanges, take.frames, take.beats, plan.tempo, take.model)
    about.load_after = load()
    try:
        written = write(played, Report(about, take.figures), out, tell)
    except OSError as error:
        raise DemoError(reason(out, error)) from error
    except NoEncoderError as error:
        raise DemoError(f"no film: {error}; pip install av has them") from error
    tell("")
    tell(table(take.figures))
    tell("")
    tell("Wrote " + ", ".join(str(path) for path in written))
    if missing := _missing(take):
        raise DemoError(missing)


def _take(plan: Plan, tell: Tell) -> Take:
    tell("starting the server")
    with ExitStack() as opened:
        midi = _midi(opened, tell) if plan.midi else None
        flags = ("--no-midi",) if midi is None else midi.flags
        server = opened.enter_context(ServerProcess(plan.command, flags))
        ready = server.wait_ready(READY_WITHIN)
        tell(f"ready after {ready:.1f} s")
        client = opened.enter_context(OscClient(server.osc_port))
        client.subscribe(*HEARD)
        client.send("/music/seed", plan.seed)
        client.send("/music/call_bars", BARS)
        client.send("/music/answer_bars", BARS)
        client.send("/music/model")
        model = str(client.wait("/music/model").values[0])
        round_trips = _round_trips(client)
        tap = opened.enter_context(_tap(server))
        performer = Performer(client, midi, plan.tempo, BEATS_PER_BAR, tell, server.check)
        ways: list[Way] = ["OSC"] * len(plan.songs)
        if midi is not None:
            ways[-1] = "MIDI"
        exchanges = performer.play(list(zip(plan.songs, ways, strict=True)), BARS)
        frames = list(tap.frames)
        problems = [" ".join(map(str, message.values)).strip() for message in client.received("/error")]
    beginnings = [event.time for event in exchanges[0].answer if event.velocity]
    figures = [
        Figure(
            name="server_start_s", value=round(ready, 3), unit="s", goal="", detail="process start to its ready line"
        ),
        Figure(
            name="first_answer_s",
            value=round(beginnings[0] - server.started, 3) if beginnings else None,
            unit="s",
            goal="",
            why="" if beginnings else "the first answer had no note",
            detail="process start to the first note of the first answer, the call's two bars included",
        ),
        *(
            Figure(
                name=f"osc_round_trip_p{percent}_ms",
                value=percentile_ms(round_trips, percent),
                unit="ms",
                goal="",
                detail="/ping sent to /pong received, nothing played",
            )
            for percent in (50, 99)
        ),
        *music_figures(exchanges, performer.beats),
        *frame_figures(frames),
    ]
    return Take(problems, exchanges, frames, performer.beats, model, figures)


def _missing(take: Take) -> str:
    """Say what should have come and did not; empty when all came."""
    missing = [f"no answer to {e.song.title}" for e in take.exchanges if not any(n.velocity for n in e.answer)]
    if not take.frames:
        missing.append("no frames")
    if not missing:
        return ""
    said = "; ".join(dict.fromkeys(take.problems)) or "nothing at /error"
    return f"the server gave {' and '.join(missing)}; it said: {said}"


def _tap(server: ServerProcess) -> FrameTap:
    try:
        return FrameTap(server.http_port)
    except OSError as error:
        raise ServerFailedError(f"{server.url}/frames.ws does not answer: {error}") from error


def _round_trips(client: OscClient) -> list[float]:
    times = []
    for _ in range(PINGS):
        sent, answered = client.ping()
        times.append(answered - sent)
        until(now() + PING_EVERY)
    return times


def _midi(opened: ExitStack, tell: Tell) -> MidiPlayer | None:
    try:
        midi = opened.enter_context(MidiPlayer())
    except NoMidiError as error:
        tell(f"going without MIDI: {error}")
        return None
    tell(f"MIDI over {midi.backend}")
    return midi
