"""Paints at a steady rate into the ring, from the newest parameters and the now page.

The model lives in a thread of its own (``painting.py``); this one reads what control says, and writes frames when they
are due, whether the model is in time or not.
"""

import contextlib
import os
import select
import socket

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now
from bridge.media.ring import FrameRing
from bridge.realtime.now import NowPage
from bridge.workers import messages as m
from bridge.workers.between import Between
from bridge.workers.declared import load_declaration, lower_priority
from bridge.workers.engine import Engine
from bridge.workers.fade import Fade, next_bar
from bridge.workers.incoming import Incoming
from bridge.workers.painting import Failed, Loaded, Painted, Painting, Refused
from bridge.workers.quality import Quality
from models.contract import FrameModel

ALIVE_EVERY = 0.5
"""Seconds."""
HANGS_AFTER = 60.0
"""Seconds for a single frame after which no more signs of life are given."""


def run(
    sock: socket.socket, declaration: str, rings: tuple[str, str, str], page_name: str, settings: m.SetParams
) -> None:
    """As :func:`bridge.workers.frames.run`, in the worker's process."""
    exit_with_parent()
    lower_priority()
    channel: Channel[m.Command] = Channel(sock, m.Command)
    model = load_declaration(declaration, FrameModel)
    ring, aside, incoming = FrameRing.attach(rings[0]), FrameRing.attach(rings[1]), Incoming(rings[2])
    page, painter_s_page = NowPage.attach(page_name), NowPage.attach(page_name)
    size = int(settings.slot["width"]), int(settings.slot["height"])
    painting = Painting(lambda: Engine(model, *size, settings.params), settings, painter_s_page, incoming)
    with contextlib.suppress(ChannelClosedError):
        _Worker(model, channel, painting, settings, ring, aside, page).work()
    if not painting.end():
        os._exit(0)  # in the midst of a painting, which nobody wants any more
    for each in (ring, aside, incoming, page, painter_s_page):
        each.close()


class _Worker:
    def __init__(
        self,
        model: type[FrameModel],
        channel: Channel[m.Command],
        painting: Painting,
        settings: m.SetParams,
        ring: FrameRing,
        aside: FrameRing,
        page: NowPage,
    ) -> None:
        self._model, self._channel, self._painting, self._settings = model, channel, painting, settings
        self._ring, self._aside, self._page = ring, aside, page
        self._quality: Quality | None = None
        """None until the model is loaded."""
        self._between = Between()
        self._newest: Painted | None = None
        self._fade: Fade | None = None
        """None until we are live."""
        self._faded = self._replaced = False
        self._due = 0.0
        self._ticks = 0
        """Since the last painting was begun."""
        self._version = -1
        """Of the parameters that the last painting was begun with: newer ones do not wait for the next one's turn."""
        self._alive = now()
        self._written, self._paintings, self._painting_s = 0, 0, 0.0
        self._fresh = False
        """Something was written since the last tick."""
        self._threads = 0
        self._refusal = ""

    def work(self) -> None:
        """Until control says Stop, or is gone (ChannelClosedError)."""
        channel, painting = self._channel, self._painting
        while True:
            reading: list[Channel[m.Command] | Painting] = [channel, painting]
            select.select(reading, [channel] if channel.pending else [], [], self._patience())
            channel.flush()
            for command in channel.receive():
                match command:
                    case m.Stop():
                        return
                    case m.SetParams():
                        self._settings = command
                    case m.Act():
                        painting.act(command)
                    case m.GoLive():
                        self._go_live(command)
            for result in painting.take():
                match result:
                    case Loaded():
                        self._loaded(result)
                    case Painted():
                        self._painted(result)
                    case Refused():
                        self._refused(result.reason)
                    case Failed():
                        self._failed(result)
                    case _:
                        channel.send(result)
            if self._fade is not None and self._fade.due(now()):
                self._tick(self._fade)
            if self._quality is not None and now() - self._alive >= ALIVE_EVERY:
                self._tell()

    def _patience(self) -> float:
        """Seconds that nothing is to be done for, unless we are told otherwise."""
        if self._fade is None or self._late:
            return ALIVE_EVERY
        return min(ALIVE_EVERY, max(0.0, self._due - now()))

    @property
    def _late(self) -> bool:
        """Whether nothing can be done before the painting that goes on is there."""
        assert self._quality is not None or self._fade is None
        every = 1 if self._quality is None else self._quality.now.every
        fading = self._fade is not None and not self._fade.done
        return self._painting.busy_since is not None and every == 1 and not fading

    def _budget(self) -> float:
        """Seconds for a frame."""
        return 1 / float(self._settings.slot["fps"])

    @property
    def _pinned(self) -> int:
        """The level of quality that is asked for; -1: what holds the frame rate."""
        return int(self._settings.slot["quality"])

    # ---- what the painting thread says

    def _loaded(self, loaded: Loaded) -> None:
        self._quality = Quality(loaded.engine.levels)
        if self._pinned < 0:
            self._quality.start(loaded.first.seconds, self._budget(), now())
        else:
            self._quality.pin(self._pinned, now())
        self._newest = loaded.first
        self._between.feed(loaded.first.pixels, 1)
        self._channel.send(m.Ready(self._model.name, loaded.seconds))
        self._threads = loaded.threads

    def _painted(self, painted: Painted) -> None:
        assert self._quality is not None
        self._newest, self._refusal = painted, ""
        self._paintings += 1
        self._painting_s += painted.seconds
        before = self._quality.level
        if self._pinned >= 0:
            self._quality.pin(self._pinned, now())
        elif painted.level == self._quality.now:
            self._quality.painted(painted.seconds, self._budget(), now())
        if self._quality.level != before:
            self._channel.send(m.Alive(self._step()))
        self._between.feed(painted.pixels, painted.level.every)
        if painted.level.every == 1 and self._fade is not None and self._fade.due(now()):
            self._show(self._fade)

    def _refused(self, reason: str) -> None:
        """Say so, once while it stays; the last frame stays, too."""
        if reason != self._refusal:
            self._refusal = reason
            self._channel.send(m.Problem(f"no frame can be painted: {reason}"))

    def _failed(self, failed: Failed) -> None:
        what = "the model could not be loaded" if failed.loading else "painting failed"
        expected = isinstance(failed.error, ImportError | OSError | ValueError)
        reason = str(failed.error) if expected else f"{type(failed.error).__name__}: {failed.error}"
        self._channel.send(m.Problem(f"{what}: {reason}"))
        if failed.loading and expected:
            raise SystemExit(1) from failed.error
        raise failed.error

    # ---- frames

    def _go_live(self, command: m.GoLive) -> None:
        start = next_bar(self._page.beat(), now()) if command.on_bar else now()
        self._fade = Fade(self._ring, self._aside, start, command.fade)
        self._due = start

    def _tick(self, fade: Fade) -> None:
        """Begin a painting and write a frame, each if it is due."""
        assert self._quality is not None
        time = now()
        if time < self._due or self._late:
            return
        every = self._quality.now.every
        self._ticks += 1
        if self._painting.busy_since is None and (self._ticks >= every or self._settings.version != self._version):
            self._painting.paint(self._settings, self._quality.now)
            self._ticks, self._version = 0, self._settings.version
        if every > 1 or not (fade.done or self._fresh):
            self._show(fade)
        self._fresh = False
        # A frame that came late moves the grid: what was missed is never painted in a hurry afterwards.
        self._due = max(self._due + self._budget(), time)

    def _show(self, fade: Fade) -> None:
        pixels, newest = self._between.next(), self._newest
        if pixels is None and not fade.done:
            pixels = self._between.shown
        if pixels is None or newest is None:
            return
        pixels = fade.mixed(pixels, now())
        settings = newest.settings
        header = {"time": newest.time, "seed": int(settings.params.get("seed", 0)), "params_version": settings.version}
        if not self._replaced:
            self._replaced = not self._ring.write(pixels, model=self._model.name, **header)  # type: ignore[arg-type]
        if self._replaced:
            fade.freeze()
            self._aside.write(pixels, model=self._model.name, **header)  # type: ignore[arg-type]
        self._written += 1
        self._fresh = True
        if fade.done and not self._faded:
            self._faded = True
            self._channel.send(m.Faded())

    def _tell(self) -> None:
        """A sign of life, unless the model gives none."""
        assert self._quality is not None
        busy, time = self._painting.busy_since, now()
        if busy is not None and time - busy > HANGS_AFTER:
            return
        figures: dict[str, float | str] = {}
        if self._fade is not None:
            figures = self._step() | {"threads": self._threads, "fps": self._written / (time - self._alive)}
            if self._paintings:
                figures["ms_per_frame"] = 1000 * self._painting_s / self._paintings
        self._channel.send(m.Alive(figures))
        self._alive, self._written, self._paintings, self._painting_s = time, 0, 0, 0.0

    def _step(self) -> dict[str, float | str]:
        assert self._quality is not None
        return {"quality": self._quality.level, "quality_is": str(self._quality.now)}
