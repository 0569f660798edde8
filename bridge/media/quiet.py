"""uvicorn as this process uses it: with our own protocols, silent, and leaving signals to control."""

import asyncio
import contextlib
import socket

import uvicorn
from starlette.types import ASGIApp

from bridge.media import flow

GRACE_SECONDS = 1
"""For streams to end by themselves."""


def config(app: ASGIApp) -> uvicorn.Config:
    """Return how an application is served."""
    return uvicorn.Config(
        app,
        http=flow.Http,
        ws=flow.WebSocket,
        ws_max_size=65536,  # who takes frames has nothing to say, and a page little
        ws_ping_interval=None,  # flow.WebSocket knows who is gone
        ws_per_message_deflate=False,  # a JPEG does not get smaller
        lifespan="off",
        log_config=None,
        log_level="critical",  # what goes wrong is told to control
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


class Server(uvicorn.Server):
    """uvicorn without its signal handlers, that says when it is ready."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(config(app))
        self.ready = asyncio.Event()

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        """Leave signals to control."""
        return contextlib.nullcontext()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to accept."""
        await super().startup(sockets)
        self.ready.set()
