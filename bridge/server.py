"""Start, run, stop."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from bridge.addresses import Table
from bridge.config import Settings
from bridge.control import Control
from bridge.media.listen import bind
from bridge.media.ring import FrameRing
from bridge.realtime.now import NowPage
from bridge.system import on_stop


async def serve(settings: Settings, announce: Callable[[str], None], table: Table | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM; ``announce`` is given a line for the user when something is up.

    Raises OSError when a port is taken, and ArgumentError for first values of parameters that the table refuses.
    """
    stopped = asyncio.Event()
    on_stop(asyncio.get_running_loop(), stopped.set)
    with contextlib.ExitStack() as resources:
        http = resources.enter_context(bind(settings.host, settings.http_port))
        page = NowPage.create()
        resources.callback(page.unlink)
        ring = FrameRing.create(settings.width, settings.height)
        resources.callback(ring.close)
        resources.callback(ring.unlink)
        control = Control(settings, table or Table(), http, page, ring.name)
        await control.osc.start(settings.host, settings.osc_port)  # first of all: what it hears waits in the socket
        control.start()
        announce(f"Listening: OSC on {settings.host}:{control.osc.address[1]} (UDP and TCP)")
        try:
            if await _first(control.ready.wait(), stopped.wait()):
                frames, midi = control.facts.get("media/url", "none"), control.facts.get("realtime/midi", "none")
                announce(f"Antiphon is ready. Frames: {frames}  MIDI: {midi}")
            await stopped.wait()
        finally:
            await control.stop()


async def _first(one: Coroutine[Any, Any, bool], other: Coroutine[Any, Any, bool]) -> bool:
    """Wait for one of two; whether it was the first."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return tasks[0] in done
