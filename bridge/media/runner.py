"""The process of one sink or source that works by itself.

A sink gets the newest frame of the ring whenever it is done with the last; what a source reads is written to the ring
of what comes in. Control hears once a second how it fares. What is not there is tried again; what can never work is
told, and the process then waits to be ended.
"""

import select
import signal
import socket
import statistics
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now
from bridge.media import messages as m
from bridge.media.declared import load
from bridge.media.endpoint import Endpoint, EndpointError, Places
from bridge.media.intake import Pixels, TakenOverError, Writer
from bridge.media.ring import Frame, FrameRing
from bridge.media.sink import SentSink
from bridge.media.source import ReadSource
from models.contract import Value

ALIVE_SECONDS = 1.0
RETRY_SECONDS = 1.0
"""From one attempt to reach what is not there to the next."""
MOST_TOLD = 64
"""Different failures that are told, each once, until a parameter is set."""
LOOK_SECONDS = 0.0005
"""From one look for a newer frame to the next, and at most LONGEST_LOOK_SECONDS while none comes."""
LONGEST_LOOK_SECONDS = 0.008
DELAY = "delay"
"""The parameter of a sink that changes without its being made anew."""
AGAIN_SECONDS = 1.0
"""What a source read last is written again this often: one that is silent counts as gone."""

Kind = TypeVar("Kind", SentSink, ReadSource)


def run(sock: socket.socket, declaration: str, places: Places, params: dict[str, Value]) -> None:
    """Run what ``module:Class`` declares until told to stop: the target of a spawned process."""
    exit_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is control's to answer
    channel: Channel[m.Command] = Channel(sock, m.Command)
    kind = load(declaration, Endpoint)
    runner: _Runner[SentSink] | _Runner[ReadSource]
    if issubclass(kind, SentSink):
        runner = _Sending(kind, places, params, channel)
    elif issubclass(kind, ReadSource):
        runner = _Reading(kind, places, params, channel)
    else:
        raise TypeError(f"{declaration} must be a sink or source that works by itself")
    try:
        runner.run()
    except ChannelClosedError:
        pass
    finally:
        runner.close()


class _Runner(ABC, Generic[Kind]):
    def __init__(self, kind: type[Kind], places: Places, params: dict[str, Value], channel: Channel[m.Command]) -> None:
        self._kind: type[Kind] = kind
        self._places, self._params, self._channel = places, params, channel
        self._endpoint: Kind | None = None
        self._failed = self._stopped = False
        self._retry = 0.0
        self._told: set[str] = set()
        self._frames = 0
        self._ages: list[float] = []
        self._alive = now()

    def run(self) -> None:
        self._channel.send(m.Alive({}))
        while not self._stopped:
            self._listen()
            if self._failed:
                select.select([self._channel], [], [], ALIVE_SECONDS)
            elif self._endpoint is not None:
                self._step(self._endpoint)
            elif now() >= self._retry:
                self._attempt(self._open)
            else:
                time.sleep(LONGEST_LOOK_SECONDS)
            self._tell()

    @abstractmethod
    def _step(self, endpoint: Kind) -> None:
        """Take one frame, if there is one."""

    def close(self) -> None:
        """Close the sink or source."""
        if self._endpoint is not None:
            endpoint, self._endpoint = self._endpoint, None
            self._attempt(endpoint.close)

    def _open(self) -> None:
        self._endpoint = self._kind(self._places, self._params)

    def _attempt(self, do: Callable[..., None], *arguments: object) -> bool:
        """Do it; on failure tell, and arrange what follows."""
        try:
            do(*arguments)
        except (EndpointError, ImportError) as error:
            self._failed = True
            self.close()
            self._channel.send(m.Failed(str(error)))
        except OSError as error:
            self.close()
            self._retry = now() + RETRY_SECONDS
            text = f"{self._kind.name}: {error.strerror or error}; tried again every {RETRY_SECONDS:g} s"
            if text not in self._told and len(self._told) < MOST_TOLD:  # however it comes and goes for months
                self._told.add(text)
                self._channel.send(m.Problem(text))
        else:
            return True
        return False

    def _listen(self) -> None:
        for command in self._channel.receive():
            match command:
                case m.Configure():
                    before, self._params = self._params, command.params
                    if self._only_delayed(before):
                        continue
                    self._failed, self._retry = False, 0.0
                    self._told.clear()
                    self.close()
                case m.Stop():
                    self._stopped = True

    def _only_delayed(self, before: dict[str, Value]) -> bool:
        """Whether nothing but the delay is another than before."""
        return before != self._params and {**before, DELAY: 0.0} == {**self._params, DELAY: 0.0}

    def _tell(self) -> None:
        elapsed = now() - self._alive
        if elapsed < ALIVE_SECONDS:
            return
        figures = {"fps": self._frames / elapsed}
        if self._ages:
            figures["age_p50_ms"] = 1000 * statistics.median(self._ages)
        self._ages.clear()
        self._frames = 0
        self._alive = now()
        self._channel.send(m.Alive(figures))


class _Sending(_Runner[SentSink]):
    def __init__(self, kind: type[SentSink], places: Places, params: dict[str, Value], channel: "Channel[m.Command]"):
        super().__init__(kind, places, params, channel)
        self._ring = FrameRing.attach(places.ring)
        self._sent, self._changed = 0, now()
        self._held: deque[tuple[float, Frame]] = deque()
        """Frames that are delayed, and when each is due."""

    def _step(self, endpoint: SentSink) -> None:
        frame = self._ring.latest(self._sent)
        if frame is not None:
            self._sent, self._changed = frame.sequence, now()
            self._held.append((self._changed + float(self._params[DELAY]) / 1000, frame))
        due = None
        while self._held and self._held[0][0] <= now():  # of several that are due, the newest
            due = self._held.popleft()[1]
        if due is not None:
            if self._attempt(endpoint.send, due):
                self._frames += 1
                self._ages.append(due.age())
        elif frame is None:
            time.sleep(min(LOOK_SECONDS + (now() - self._changed) / 16, LONGEST_LOOK_SECONDS))
        if self._endpoint is not None:
            self._attempt(endpoint.idle)


class _Reading(_Runner[ReadSource]):
    def __init__(self, kind: type[ReadSource], places: Places, params: dict[str, Value], channel: "Channel[m.Command]"):
        super().__init__(kind, places, params, channel)
        self._writer: Writer | None = None
        self._last: Pixels | None = None
        self._written = 0.0

    def _step(self, endpoint: ReadSource) -> None:
        self._attempt(self._take, endpoint)

    def _take(self, endpoint: ReadSource) -> None:
        pixels = endpoint.read()
        if pixels is not None:
            self._last = pixels
            self._frames += 1
        elif self._last is None or now() - self._written < AGAIN_SECONDS:
            return
        else:
            pixels = self._last
        if self._writer is None:
            self._writer = Writer(self._places.incoming)
        self._written = now()
        try:
            self._writer.write(pixels, self._kind.name)
        except TakenOverError as error:
            raise EndpointError(str(error)) from error

    def close(self) -> None:
        super().close()
        self._last = None
        if self._writer is not None:
            self._writer.close()
            self._writer = None
