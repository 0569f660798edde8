"""The process of a frame model: paints at a steady rate into the ring, from the newest parameters and the now page."""

import select
import socket

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now
from bridge.media.ring import FrameRing
from bridge.realtime.now import NowPage
from bridge.workers import messages as m
from bridge.workers.declared import load_declaration, load_or_explain, lower_priority
from models.contract import FrameModel, FramePainter, Value

ALIVE_EVERY = 0.5
"""Seconds."""


def run(
    sock: socket.socket,
    declaration: str,
    ring_name: str,
    page_name: str,
    width: int,
    height: int,
    params: dict[str, Value],
) -> None:
    """Load the model that ``module:Class`` declares and paint until told to stop; it starts with ``params``."""
    exit_with_parent()
    lower_priority()
    channel: Channel[m.Command] = Channel(sock, m.Command)
    started = now()
    model = load_declaration(declaration, FrameModel)
    ring = FrameRing.attach(ring_name)
    page = NowPage.attach(page_name)
    newest = m.SetParams(0, {name: param.default for name, param in model.params().items()} | params, 30.0)

    def load() -> FramePainter:
        painter = model.load(width, height, params)
        painter.render(page.read(now()), newest.params)  # the first takes longest, and is where files are missed
        return painter

    painter = load_or_explain(load, channel)
    channel.send(m.Ready(model.name, now() - started))
    due = alive = now()
    frames, painting = 0, 0.0
    try:
        while True:
            wait = due - now()
            select.select([channel], [channel] if channel.pending else [], [], max(0.0, wait))
            channel.flush()
            for command in channel.receive():
                if isinstance(command, m.Stop):
                    return
                if isinstance(command, m.SetParams):
                    newest = command
            if now() < due:
                continue
            begun = now()
            pixels = painter.render(page.read(begun), newest.params)
            seed = newest.params.get("seed", 0)
            ring.write(pixels, time=begun, seed=int(seed), params_version=newest.version, model=model.name)
            frames += 1
            painting += now() - begun
            # A frame that came late moves the grid: what was missed is never painted in a hurry afterwards.
            due = max(due + 1 / newest.fps, now())
            if now() - alive >= ALIVE_EVERY:
                elapsed = now() - alive
                channel.send(m.Alive({"fps": frames / elapsed, "ms_per_frame": 1000 * painting / frames}))
                alive, frames, painting = now(), 0, 0.0
    except ChannelClosedError:
        return
    finally:
        ring.close()
        page.close()
