"""The process of a note model: answers the newest call, note by note."""

import select
import socket

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now
from bridge.workers import messages as m
from bridge.workers.declared import load_declaration, load_or_explain, lower_priority
from models.contract import NoteModel, NotePlayer

ALIVE_EVERY = 0.5
"""Seconds."""


def run(sock: socket.socket, declaration: str) -> None:
    """Load the model that ``module:Class`` declares and answer until told to stop."""
    exit_with_parent()
    lower_priority()
    channel: Channel[m.Command] = Channel(sock, m.Command)
    started = now()
    model = load_declaration(declaration, NoteModel)
    player = load_or_explain(model.load, channel)
    channel.send(m.Ready(model.name, now() - started))
    wanted: m.Answer | None = None
    try:
        while True:
            select.select([channel], [channel] if channel.pending else [], [], 0 if wanted else ALIVE_EVERY)
            channel.flush()
            wanted = _newest(channel, wanted)
            if wanted is None:
                channel.send(m.Alive({}))
            else:
                wanted = _answer(player, wanted, channel)
    except (ChannelClosedError, Stopped):
        return


class Stopped(Exception):  # noqa: N818  (not an error)
    """Control asked for the end."""


def _newest(channel: Channel[m.Command], wanted: m.Answer | None) -> m.Answer | None:
    for command in channel.receive():
        if isinstance(command, m.Stop):
            raise Stopped
        if isinstance(command, m.Answer):
            wanted = command
    return wanted


def _answer(player: NotePlayer, call: m.Answer, channel: Channel[m.Command]) -> m.Answer | None:
    """Answer a call; return the newer call that came meanwhile, if one did."""
    try:
        for note in player.answer(call.call, call.bars, call.params):
            newer = _newest(channel, None)
            if newer is not None:
                return newer
            channel.send(m.NoteReady(call.call_id, note))
    except ValueError as error:
        channel.send(m.Refused(call.call_id, str(error)))
    else:
        channel.send(m.Answered(call.call_id))
    return None
