"""Start, run, stop."""

import asyncio
import contextlib
import gc
import secrets
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from bridge.addresses import Table
from bridge.config import Settings
from bridge.control import Control
from bridge.media.listen import bind, url
from bridge.media.page.addresses import urls_with_token
from bridge.media.ring import FrameRing, shared_name
from bridge.realtime.now import NowPage
from bridge.system import on_stop

MOST_PIXELS = 1024 * 1024
"""That a frame may have, unless the server is started with a larger one."""
INPUT_SIZE = 1280, 720
"""The pixels, in any shape, that a frame from a source may have; a source makes larger ones smaller."""


async def serve(settings: Settings, announce: Callable[[str], None], table: Table | None = None) -> None:
    """Serve until Ctrl-C or SIGTERM; ``announce`` is given a line for the user when something is up.

    Raises OSError when a port is taken, and ArgumentError for first values of parameters that the table refuses.
    """
    stopped = asyncio.Event()
    on_stop(asyncio.get_running_loop(), stopped.set)
    with contextlib.ExitStack() as resources:
        http = resources.enter_context(bind(settings.http_host or settings.host, settings.http_port))
        settings = msgspec.structs.replace(settings, token=settings.token or secrets.token_urlsafe(12))
        page = NowPage.create()
        resources.callback(page.unlink)
        port = http.getsockname()[1]
        most = max(MOST_PIXELS, settings.width * settings.height)
        ring = FrameRing.create(most, 1, name=shared_name(port))
        aside = FrameRing.create(most, 1)
        sources = FrameRing.create(*INPUT_SIZE, name=f"{shared_name(port)}-in")
        for each in (ring, aside, sources):
            resources.callback(each.close)
            resources.callback(each.unlink)
        control = Control(settings, table or Table(), http, page, (ring.name, aside.name, sources.name), most)
        await control.osc.start(settings.host, settings.osc_port)  # first of all: what it hears waits in the socket
        if settings.oscquery:
            control.oscquery = resources.enter_context(_bind_oscquery(settings, port))
            control.facts["oscquery/url"] = url(control.oscquery)
        control.start()
        announce(f"Listening: OSC on {settings.host}:{control.osc.address[1]} (UDP and TCP)")
        try:
            if await _first(control.ready.wait(), stopped.wait()):
                frames, midi = control.facts.get("media/url", "none"), control.facts.get("realtime/midi", "none")
                query = control.facts.get("oscquery/url", "none")
                gc.freeze()  # what is there by now stays: looking through it again would hold up the loop
                announce(f"Antiphon is ready. Page: {frames}  MIDI: {midi}  OSCQuery: {query}")
                host, port = http.getsockname()[:2]
                for address in urls_with_token(host, port, settings.token):
                    announce(f"From other machines: {address}")
            await stopped.wait()
        finally:
            await control.stop()


def _bind_oscquery(settings: Settings, http_port: int) -> socket.socket:
    """Return a socket at OSCQuery's port. Raises OSError with what to do, where that was named and cannot be had."""
    host = settings.http_host or settings.host
    if settings.oscquery_port is None:
        with contextlib.suppress(OSError):
            return bind(host, (http_port + 1) % 65536 if settings.http_port else 0)
        return bind(host, 0)
    try:
        return bind(host, settings.oscquery_port)
    except OSError as error:
        text = f"OSCQuery cannot listen on {host} port {settings.oscquery_port}: choose another with --oscquery-port"
        raise OSError(error.errno, text) from error


async def _first(one: Coroutine[Any, Any, bool], other: Coroutine[Any, Any, bool]) -> bool:
    """Wait for one of two; whether it was the first."""
    tasks = [asyncio.ensure_future(one), asyncio.ensure_future(other)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return tasks[0] in done
