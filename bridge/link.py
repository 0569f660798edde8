"""The process that speaks Ableton Link, by aalink (GPL-3.0-or-later, an extra): it tells where Link's beat is.

Nothing else of Antiphon imports aalink. What it tells are lines with times on the clock that all processes share, so
it does not matter how long a message is on its way.
"""

import asyncio
import contextlib
import select
import socket

import msgspec

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now

TELL_EVERY = 0.05
"""Seconds."""


class Message(msgspec.Struct, array_like=True, tag=True):
    """Base of all messages."""


class SetTempo(Message):
    """For everyone in the session, in beats per minute."""

    bpm: float


class SetQuantum(Message):
    """Beats after which the session's bars begin anew."""

    beats: float


class Play(Message):
    """Start or stop, for those who share that."""

    on: bool


class Stop(Message):
    """Exit."""


Command = SetTempo | SetQuantum | Play | Stop


class Says(Message):
    """Where Link's beat is at ``time``."""

    time: float
    beat: float
    tempo: float
    playing: bool
    peers: int


class Missing(Message):
    """There is no Link here, and what to do about it."""

    text: str


Event = Says | Missing


def run(sock: socket.socket, tempo: float, quantum: float) -> None:
    """Join Link's session with that tempo (a session that is there already keeps its own) until told to stop."""
    exit_with_parent()
    channel: Channel[Command] = Channel(sock, Command)
    with contextlib.suppress(ChannelClosedError):
        try:
            import aalink
        except ImportError as error:
            channel.send(Missing(f"Link needs a package that is not installed ({error}): pip install 'antiphon[link]'"))
            while not any(isinstance(command, Stop) for command in channel.receive()):
                select.select([channel], [], [])
            return
        asyncio.run(_tell(channel, aalink.Link, tempo, quantum))


async def _tell(channel: Channel[Command], new_link: type, tempo: float, quantum: float) -> None:
    link = new_link(tempo)
    link.quantum = quantum
    link.start_stop_sync_enabled = True
    link.enabled = True
    try:
        while True:
            before = now()
            beat = link.beat
            after = now()
            if after - before < 0.001:  # else it was interrupted, and the beat is of some time between
                says = Says((before + after) / 2, beat, link.tempo, bool(link.playing), link.num_peers)
                channel.send(says)
            for command in channel.receive():
                match command:
                    case SetTempo():
                        link.tempo = command.bpm
                    case SetQuantum():
                        link.quantum = command.beats
                    case Play():
                        link.playing = command.on
                    case Stop():
                        return
            await asyncio.sleep(TELL_EVERY)
    finally:
        link.enabled = False
