"""The thread that a frame model lives in: loaded, told and called there and nowhere else, in order."""

import contextlib
import socket
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

import msgspec

from bridge.clocks import now
from bridge.realtime.now import NowPage
from bridge.workers import messages as m
from bridge.workers.blend import Pixels
from bridge.workers.engine import Engine
from bridge.workers.incoming import Incoming
from bridge.workers.quality import Level
from bridge.workers.threads import fastest

QUICK = 0.5
"""Seconds for a painting up to which it is tried twice how long one takes."""
LEAVING = 2.0
"""Seconds that the end of a painting is waited for, when all is to end."""


class Painted(msgspec.Struct, frozen=True, eq=False):
    """A frame, and what it was painted with."""

    pixels: Pixels
    time: float
    """When it was begun, bridge.clocks seconds."""
    seconds: float
    """What it took."""
    level: Level
    settings: m.SetParams


class Loaded(msgspec.Struct, frozen=True, eq=False):
    """The model is loaded and warm."""

    engine: Engine
    seconds: float
    """What that took."""
    first: Painted
    """Painted at the best level, when warm: what it took is what a painting takes."""
    threads: int
    """That were found to be the fastest; 0 where the model cannot be told."""


class Failed(msgspec.Struct, frozen=True, eq=False):
    """The model could not be loaded, or painting failed."""

    error: BaseException
    loading: bool


class Refused(msgspec.Struct, frozen=True, eq=False):
    """The model cannot paint with the parameters that it was given, and why."""

    reason: str


Result = Loaded | Painted | Refused | m.Acted | m.NotDone | Failed


class Painting:
    """Paints one frame at a time, when told to."""

    def __init__(self, load: Callable[[], Engine], settings: m.SetParams, page: NowPage, incoming: Incoming) -> None:
        """Begin to load. ``page`` and ``incoming`` are the thread's alone until it has ended."""
        self._load, self._page, self._incoming = load, page, incoming
        self._told: SimpleQueue[m.Act | tuple[m.SetParams, Level] | None] = SimpleQueue()
        self._results: deque[Result] = deque()
        self._ours, self._theirs = socket.socketpair()
        self._ours.setblocking(False)
        self._theirs.setblocking(False)
        self.busy_since: float | None = None
        """When the painting that goes on was asked for."""
        self._thread = threading.Thread(target=self._run, args=(settings,), name="painting", daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """For select(): readable when there is something to take."""
        return self._ours.fileno()

    def act(self, act: m.Act) -> None:
        """Have the model do an action, before the next painting."""
        self._told.put(act)

    def paint(self, settings: m.SetParams, level: Level) -> None:
        """Begin a painting; one at a time."""
        self.busy_since = now()
        self._told.put((settings, level))

    def take(self) -> list[Result]:
        """What was done since the last call."""
        with contextlib.suppress(BlockingIOError):
            self._ours.recv(4096)
        found = []
        while self._results:
            found.append(self._results.popleft())
        if any(isinstance(result, Painted | Refused) for result in found):
            self.busy_since = None
        return found

    def end(self) -> bool:
        """End the thread; False where it goes on with what it is doing."""
        self._told.put(None)
        self._thread.join(LEAVING)
        if self._thread.is_alive():
            return False
        self._ours.close()
        self._theirs.close()
        return True

    def _run(self, settings: m.SetParams) -> None:
        started = now()
        try:
            engine = self._load()

            def paint() -> Painted:
                return self._paint(engine, settings, engine.levels[0])

            paint()  # the first takes longest, and is where files are missed
            threads = 0 if engine.threaded is None else fastest(engine.threaded, lambda: paint().seconds)
            first = paint()
            if first.seconds < QUICK:  # or a moment in which others had the processor would say that it is slow
                first = min(first, paint(), key=lambda painted: painted.seconds)
        except BaseException as error:  # noqa: BLE001  (told in the main thread)
            self._tell(Failed(error, loading=True))
            return
        self._tell(Loaded(engine, now() - started, first, threads))
        while (told := self._told.get()) is not None:
            try:
                if isinstance(told, m.Act):
                    self._tell(_act(engine, told))
                else:
                    self._tell(self._paint(engine, *told))
            except ValueError as error:
                self._tell(Refused(str(error)))
            except BaseException as error:  # noqa: BLE001
                self._tell(Failed(error, loading=False))
                return

    def _paint(self, engine: Engine, settings: m.SetParams, level: Level) -> Painted:
        begun = now()
        moment = self._page.read(begun + float(settings.slot["offset"]) / 1000)
        source = self._incoming.newest() if engine.model.input() else None
        pixels = engine.paint(moment, settings.params, settings.slot, level, source)
        return Painted(pixels, begun, now() - begun, level, settings)

    def _tell(self, result: Result) -> None:
        self._results.append(result)
        with contextlib.suppress(BlockingIOError):  # there is something to be read already
            self._theirs.send(b"\0")


def _act(engine: Engine, act: m.Act) -> m.Acted | m.NotDone:
    try:
        engine.act(act.action, act.arguments)
    except ValueError as error:
        return m.NotDone(act.act_id, str(error))
    return m.Acted(act.act_id)
