"""OSCQuery while media runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from bridge.media.page.about import About
from bridge.media.quiet import GRACE_SECONDS, Server
from bridge.oscquery.announce import Announcement
from bridge.oscquery.app import OscQuery


@contextlib.asynccontextmanager
async def serving(about: About | None, report: Callable[[str], None]) -> AsyncIterator[None]:
    """Serve OSCQuery meanwhile, where control wants it; ``report`` takes what the performer should know."""
    if about is None or about.oscquery is None:
        yield
        return
    bound = about.oscquery.getsockname()[:2]
    query = OscQuery(about, bound)
    server = Server(query.app())
    running = asyncio.create_task(server.serve(sockets=[about.oscquery]), name="OSCQuery")
    announcement = None
    if about.announce:
        try:
            announcement = await Announcement.make(bound[0], about.osc[1], bound[1])
        except Exception as error:  # noqa: BLE001  (zeroconf's own, or no network: OSCQuery does without)
            report(f"OSCQuery is not announced: {error}")
    try:
        yield
    finally:
        query.close()
        server.should_exit = True
        if announcement is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(announcement.end(), 2 * GRACE_SECONDS)
        with contextlib.suppress(TimeoutError):  # who listens loses nothing: not as long as for frames
            await asyncio.wait_for(running, GRACE_SECONDS / 2)
