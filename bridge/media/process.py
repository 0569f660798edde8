"""The media process: frames from the ring to whoever looks."""

import asyncio
import signal
import socket

from bridge.media.page.about import About

MAX_READERS = 32
"""Streams at a time, unless told otherwise."""


def run(
    sock: socket.socket,
    listener: socket.socket,
    ring_name: str,
    max_readers: int = MAX_READERS,
    input_name: str = "",
    about: About | None = None,
) -> None:
    """Serve the ring's frames until control says Stop or is gone: the target of a spawned process.

    ``input_name`` is the ring that sources write, for the frame models that take frames in.

    ``sock`` is one end of ``bridge.channel.pair()``; ``listener`` comes from ``bridge.media.listen.bind``, and control
    keeps it, so that another process can go on with it. Raises FileNotFoundError or RingError if there is no such ring.
    """
    from bridge.media import server  # here, for control imports this module and neither encoders nor HTTP
    from bridge.media.ring import FrameRing

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is control's to answer
    ring = FrameRing.attach(ring_name)
    try:
        asyncio.run(server.serve(ring, listener, sock, max_readers, input_name, about))
    finally:
        ring.close()
