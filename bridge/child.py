"""A process that control starts, watches and starts again."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from multiprocessing.connection import wait
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from bridge.channel import AsyncChannel, pair
from bridge.clocks import now
from bridge.system import ignore_stop, stop_blocked

Event = TypeVar("Event")

BACKOFF = (0.05, 0.2, 0.5, 1.0, 2.0)
"""Seconds before each new start after a short life; one death more, and the process keeps ending."""
FORGIVEN = 10.0
"""Seconds of life that make good for one death."""
SELDOM = (5.0, 10.0, 30.0)
"""Seconds before each further start; the last one again and again, for months: nothing is given up."""
STOPPING = 3.0
"""Seconds a process may take to end when told to, before it is killed."""

_spawn = multiprocessing.get_context("spawn")


class Loss(NamedTuple):
    """A death that nobody asked for."""

    reason: str
    seldom: bool = False
    """It keeps ending, and is started again every so often only."""
    told: bool = False
    """That was so the last time, too: nothing that the performer has not been told."""

    @property
    def text(self) -> str:
        """For the performer."""
        seldom = f"; it keeps ending, and is tried again every {SELDOM[-1]:g} s from now on" if self.seldom else ""
        return self.reason + seldom


class Child(Generic[Event]):
    """One process with a channel to it. All callbacks run on control's event loop."""

    def __init__(
        self,
        name: str,
        target: Callable[..., None],
        arguments: Callable[[], tuple[Any, ...]],
        events: Any,
        *,
        on_event: Callable[[Event], None],
        on_lost: Callable[[Loss], None],
        greeting: Callable[[], Iterable[msgspec.Struct]] = tuple,
        hang_after: float | None = None,
    ) -> None:
        """``target(sock, *arguments())`` is called in the new process, with one end of the channel.

        ``greeting()`` is what each new process is told first.
        ``on_lost`` follows a death that nobody asked for, and then the process is started again, in a while that grows
        with each short life. A process that was heard once and then sends nothing for ``hang_after`` seconds is taken
        to hang, and killed.
        """
        self.name = name
        self._target, self._arguments, self._events = target, arguments, events
        self._on_event, self._on_lost, self._hang_after = on_event, on_lost, hang_after
        self._channel: AsyncChannel[Event] | None = None
        self._process: Any = None
        self._stopping = False
        self._hung = False
        self._heard = 0.0
        self._greeting = greeting
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The running process, if there is one."""
        process = self._process
        return process.pid if process is not None and process.is_alive() else None

    @property
    def running(self) -> bool:
        """Whether what is sent now is read (once the process has loaded what it needs)."""
        return self._channel is not None

    def start(self) -> None:
        """Start the process and keep it running until stop()."""
        self._task = asyncio.get_running_loop().create_task(self._keep_running(), name=f"keep {self.name} running")

    def hurry(self) -> None:
        """Start it at once where it waits for that."""
        self._hurry.set()

    def send(self, message: msgspec.Struct) -> None:
        """Send a message; lost where no process is running (the greeting tells the next one what it must know)."""
        if self._channel is not None:
            self._channel.send(message)

    async def stop(self, farewell: msgspec.Struct) -> None:
        """Ask the process to end, and kill it when it does not."""
        self._stopping = True
        self.send(farewell)
        if self._task is None:
            return
        if self._process is None or self._channel is None:  # between two starts
            self._task.cancel()
        done, _ = await asyncio.wait({self._task}, timeout=STOPPING)
        if not done:
            self.kill()
            await asyncio.wait({self._task}, timeout=STOPPING)

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            with contextlib.suppress(OSError, ValueError):
                self._process.kill()

    async def _keep_running(self) -> None:
        deaths = 0
        while not self._stopping:
            begun, before = now(), deaths
            reason = await self._run_once()
            if self._stopping:
                return
            deaths = max(1, deaths + 1 - int((now() - begun) / FORGIVEN))
            self._hurry.clear()
            self._on_lost(Loss(reason, seldom=deaths > len(BACKOFF), told=min(before, deaths) > len(BACKOFF)))
            delays = BACKOFF + SELDOM
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), delays[min(deaths, len(delays)) - 1])

    async def _run_once(self) -> str:
        """Run the process once; return why it ended."""
        ours, theirs = pair()
        process = _spawn.Process(target=_enter, args=(self._target, theirs, self._arguments()), name=self.name)
        process.daemon = True
        with stop_blocked():
            process.start()
        theirs.close()  # or its death would not close the channel
        self._process = process
        self._hung = False
        channel: AsyncChannel[Event] = await AsyncChannel.open(ours, self._events)
        self._channel = channel
        for message in self._greeting():
            channel.send(message)
        self._heard = 0.0
        watch = asyncio.create_task(self._watch()) if self._hang_after else None
        try:
            async for event in channel.messages():
                self._heard = now()
                self._on_event(event)
        finally:
            if watch:
                watch.cancel()
            self._channel = None
            channel.close()
            if not self._stopping:
                process.kill()  # a process without its channel is of no use
            await _ended(process)
        if self._hung:
            return f"the {self.name} process sent nothing for {self._hang_after:g} s and was ended"
        return f"the {self.name} process ended ({_how(process.exitcode)})"

    async def _watch(self) -> None:
        assert self._hang_after is not None
        while True:
            await asyncio.sleep(self._hang_after / 4)
            if self._heard and now() - self._heard > self._hang_after:
                self._hung = True
                self.kill()


async def _ended(process: Any) -> None:
    """Wait for a process without blocking the loop (it is about to end: its channel is closed)."""
    delay = 0.001
    give_up = now() + STOPPING
    while process.exitcode is None:
        if now() > give_up:
            process.kill()
        await asyncio.sleep(delay)
        delay = min(delay * 2, 0.05)


def _how(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"exit code {exitcode}"
    try:
        return signal.Signals(-exitcode).name
    except ValueError:
        return f"signal {-exitcode}"


def _enter(target: Callable[..., None], sock: socket.socket, arguments: tuple[Any, ...]) -> None:
    """Where a new process begins: control alone acts on signals, and ends the others in order."""
    ignore_stop()
    target(sock, *arguments)


def exit_with_parent() -> None:
    """End this process as soon as control is gone, whatever it is doing (for those with nothing to put in order)."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="watch control", daemon=True).start()
