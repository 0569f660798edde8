"""``antiphon bench engine``: from a parameter to the picture, from one model to the next, and the frame rate held."""

import random
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from types import TracebackType

from bridge.bench import BenchError
from bridge.client.osc import NoReplyError, OscClient
from bridge.client.server import ServerFailedError, ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile, percentile_ms
from bridge.media.ring import FrameRing

HELP = "parameter to frame, swapping models, and the frame rate held"
SECONDS = 10.0
"""That the frame rate is watched for."""
SERVED_WITHIN = 30.0
CHANGES = 60
"""Of a parameter."""
SEEN_WITHIN = 5.0
SWAPS = 4
LOADED_WITHIN = 30.0
LOOK_EVERY = 0.0005
"""Seconds."""
SIZES = (256, 240)
"""Widths that are swapped: a size is loaded, faded in and shown just as another model is."""
FADE = 0.5


class Watch:
    """Notes when each frame comes to the ring, and what it was painted with; a context manager."""

    def __init__(self, ring: FrameRing) -> None:
        self._ring = ring
        self.frames: list[tuple[float, int, int, int]] = []
        """When it was seen, its number, the version of its parameters, its generation."""
        self._ended = False
        self._thread = threading.Thread(target=self._look, name="watch the ring", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._thread.join()

    def _look(self) -> None:
        last = 0
        while not self._ended:
            if self._ring.newest > last and (frame := self._ring.latest(after=last)) is not None:
                last = frame.sequence
                self.frames.append((now(), last, frame.params_version, frame.generation))
            time.sleep(LOOK_EVERY)


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure, with the embedded model that is chosen at the start. Raises BenchError."""
    try:
        with ServerProcess(extra=("--no-midi",)) as server, OscClient(server.osc_port) as client:
            client.wait_served(server.started + SERVED_WITHIN, server.check)
            _wait(lambda: "frames/fps" in client.info("frames"), "frames")
            ring = FrameRing.attach(str(client.info("frames/ring")["frames/ring"]))
            try:
                with Watch(ring) as watch:
                    tell(f"{CHANGES} changes of a parameter")
                    figures = _changes(client, watch)
                    tell(f"the frame rate, for {seconds:g} s")
                    figures.append(_rate(client, watch, seconds))
                    tell(f"{SWAPS} swaps")
                    figures.append(_swaps(client, watch))
            finally:
                ring.close()
            return figures
    except (ServerFailedError, NoReplyError) as error:
        raise BenchError(str(error)) from error


def _changes(client: OscClient, watch: Watch) -> list[Figure]:
    chance = random.Random(5)  # noqa: S311  (moments, no secrets)
    taken: list[float] = []
    counts: list[int] = []
    for number in range(CHANGES):
        until(now() + 0.06 + 0.05 * chance.random())
        _, before, version, _ = watch.frames[-1]
        sent = client.send("/frames/speed", 1.0 + number / (4 * CHANGES))
        give_up = now() + SEEN_WITHIN
        found = None
        while found is None and now() < give_up:
            time.sleep(LOOK_EVERY)
            found = next((frame for frame in watch.frames[-8:] if frame[2] > version), None)
        if found is not None:
            taken.append(found[0] - sent)
            counts.append(found[1] - before)
    detail = f"from /frames/speed sent over OSC to the first frame painted with it in shared memory; {CHANGES} times"
    return [
        Figure(
            name="parameter_to_frame_frames",
            value=percentile(counts, 90) if counts else None,
            unit="frames",
            goal="<= 2",
            detail=f"{detail}, at moments that have nothing to do with the frames; 9 of 10 took at most so many frames",
            why="" if counts else "no frame came",
        ),
        Figure(
            name="parameter_to_frame_ms",
            value=percentile_ms(taken, 50),
            unit="ms",
            goal="<= 67",
            detail=f"{detail}; median",
            why="" if taken else "no frame came",
        ),
    ]


def _rate(client: OscClient, watch: Watch, seconds: float) -> Figure:
    begun, first = now(), watch.frames[-1][1]
    until(begun + seconds)
    fps = (watch.frames[-1][1] - first) / (now() - begun)
    quality = str(client.info("frames").get("frames/quality_is"))
    return Figure(
        name="fps_held",
        value=round(fps, 2),
        unit="Hz",
        goal=">= 29.5",
        detail=f"new frames a second at /frames/fps 30, for {seconds:g} s; quality: {quality}",
    )


def _swaps(client: OscClient, watch: Watch) -> Figure:
    gaps = []
    client.send("/frames/fade", FADE)
    for number in range(SWAPS):
        start, generation = len(watch.frames), watch.frames[-1][3]
        client.send("/frames/width", SIZES[(number + 1) % 2])
        _wait(lambda: watch.frames[-1][3] > generation, "the next size")  # noqa: B023
        until(now() + FADE + 0.5)
        times = [frame[0] for frame in watch.frames[start:]]
        gaps.append(max(after - before for before, after in pairwise(times)))
    return Figure(
        name="swap_gap_ms",
        value=percentile_ms(gaps, 50),
        unit="ms",
        goal="<= 150",
        detail="the longest time without a new frame while another width is loaded beside the one that paints, and"
        f" faded in over {FADE:g} s, as a model is; median of {SWAPS}",
    )


def _wait(there: Callable[[], bool], what: str) -> None:
    give_up = now() + LOADED_WITHIN
    while not there():
        if now() > give_up:
            raise NoReplyError(f"{what} did not come within {LOADED_WITHIN:g} s")
        time.sleep(0.01)
