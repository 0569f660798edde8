"""``antiphon bench sinks``: how many frames a second reach a receiver of each sink, and how old they are there.

Test cards are painted at 60 frames a second; the age is from the moment that a card is written to the moment that its
receiver, in another process on this machine, has it as pixels.
"""

import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bridge.bench import BenchError
from bridge.bench.sinks import receivers
from bridge.bench.sinks.cost import cost_ratio
from bridge.bench.sinks.stage import NUMBERS, PATIENCE, Stage, spawn, started
from bridge.client.server import free_ports
from bridge.measure.figures import Figure, percentile_ms
from bridge.media.listen import bind
from bridge.media.sinks.jitnet import JitNet
from bridge.media.sinks.mpegts import MpegTs
from bridge.media.sinks.ndi import Ndi

HELP = "frames a second and their age at a receiver of each sink"
SECONDS = 5.0
"""For each sink and size."""
SIZES = {"": (512, 512), "_720p": (1280, 720)}
FPS_GOALS = {"shared_memory": 58, "websocket": 58, "ndi": 58, "mjpeg": 45, "webrtc": 48, "mpegts": 28}
AGE_GOALS = {"shared_memory": 1, "websocket": 12, "ndi": 20, "webrtc": 40}
"""At 512 x 512, milliseconds."""
HOW = {
    "shared_memory": "the ring, looked at every 0.3 ms",
    "websocket": "/frames.ws, decoded by simplejpeg",
    "raw": "/frames.rgb",
    "mjpeg": "/frames.mjpeg, decoded by simplejpeg",
    "ts": "/frames.ts, decoded by FFmpeg (PyAV, nobuffer)",
    "webrtc": "/whep, decoded by aiortc",
    "mpegts": "over UDP, decoded by FFmpeg (PyAV, nobuffer)",
    "jitnet": "matrices over TCP, as jit.net.recv takes them",
    "ndi": "received by ndi-python",
}


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure; one whose extra is missing says so."""
    figures = []
    for suffix, (width, height) in SIZES.items():
        with Stage(width, height) as stage:
            for name in HOW:
                tell(f"{name} at {width} × {height}, for {seconds:g} s")
                figures += _figures(name, suffix, stage, seconds)
            if not suffix:
                tell("the cost of eight readers")
                figures.append(cost_ratio(stage, seconds))
    return figures


def _figures(name: str, suffix: str, stage: Stage, seconds: float) -> list[Figure]:
    try:
        with _source(name, stage) as (receiver, target):
            taken = _taken(receiver, target, seconds)
    except BenchError as error:
        taken = str(error)
    ages, fps, why = [], None, ""
    if isinstance(taken, str):
        why = taken
    elif len(taken) < 2:
        why = "too few frames came"
    else:
        fps = round((len(taken) - 1) / max(taken[-1][1] - taken[0][1], 1e-6), 1)
        ages = [at - stage.times[number % NUMBERS] for number, at in taken]
    what = f"{HOW[name]}; cards of {stage.width} × {stage.height} at 60 a second, {seconds:g} s"
    goal = f">= {FPS_GOALS[name]}" if name in FPS_GOALS and not suffix else ""
    oldest = f"<= {AGE_GOALS[name]}" if name in AGE_GOALS and not suffix else ""
    spread = f"; p99 {percentile_ms(ages, 99)} ms" if ages else ""
    median = round(1000 * statistics.median(ages), 2) if ages else None
    return [
        Figure(name=f"{name}_fps{suffix}", value=fps, unit="Hz", goal=goal, why=why, detail=what),
        Figure(name=f"{name}_age_p50_ms{suffix}", value=median, unit="ms", goal=oldest, why=why, detail=what + spread),
    ]


@contextmanager
def _source(name: str, stage: Stage) -> Iterator[tuple[Callable[[Any], Any], Any]]:
    """Start what serves or sends; yield the receiver and what it connects to."""
    match name:
        case "shared_memory":
            yield receivers.shared_memory, stage.ring.name
        case "mpegts":
            url = f"udp://127.0.0.1:{free_ports(1)[0]}"
            with stage.sink(MpegTs, url=url):
                yield receivers.transport_stream, f"{url}?fifo_size=100000"
        case "jitnet":
            with bind() as listener, stage.sink(JitNet, port=listener.getsockname()[1]):
                yield receivers.jitnet, listener
        case "ndi":
            source = f"antiphon bench {free_ports(1)[0]}"
            with stage.sink(Ndi, source_name=source):
                yield receivers.ndi, source
        case _:
            with stage.media() as (port, _):
                if name == "ts":
                    yield receivers.transport_stream, f"http://127.0.0.1:{port}/frames.ts"
                else:
                    yield getattr(receivers, name), port


def _taken(receiver: Callable[[Any], Any], target: Any, seconds: float) -> list[tuple[int, float]] | str:
    ours, theirs = spawn.Pipe()
    with started(receivers.run, receiver, target, seconds, theirs):
        theirs.close()
        if not ours.poll(seconds + PATIENCE):
            return "nothing came"
        try:
            taken: list[tuple[int, float]] | str = ours.recv()
        except EOFError:
            return "the receiver died"
    return taken
