"""The process of a note model: answers the newest call, note by note, and does what it is asked to, in order."""

import select
import socket
from collections import deque
from collections.abc import Iterator
from typing import cast

from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent
from bridge.clocks import now
from bridge.workers import messages as m
from bridge.workers.declared import load_declaration, load_or_explain, lower_priority
from models.contract import Note, NoteActor, NoteModel, NotePlayer

ALIVE_EVERY = 0.5
"""Seconds."""

Asked = m.Answer | m.Act


def run(sock: socket.socket, declaration: str) -> None:
    """Load the model that ``module:Class`` declares and answer until told to stop."""
    exit_with_parent()
    lower_priority()
    channel: Channel[m.Command] = Channel(sock, m.Command)
    started = now()
    model = load_declaration(declaration, NoteModel)
    player = load_or_explain(model.load, channel)
    channel.send(m.Ready(model.name, now() - started))
    asked: deque[Asked] = deque()
    try:
        while True:
            select.select([channel], [channel] if channel.pending else [], [], 0 if asked else ALIVE_EVERY)
            channel.flush()
            _read(channel, asked)
            if asked:
                _do(player, asked.popleft(), channel, asked)
            else:
                channel.send(m.Alive({}))
    except (ChannelClosedError, Stopped):
        return


class Stopped(Exception):  # noqa: N818  (not an error)
    """Control asked for the end."""


def _read(channel: Channel[m.Command], asked: deque[Asked]) -> None:
    """Take what has come: every action, and of the calls the newest, if nothing after it is to be answered."""
    for command in channel.receive():
        if isinstance(command, m.Stop):
            raise Stopped
        if isinstance(command, m.Answer | m.Act):
            if _is_answered(command):
                for call in [call for call in asked if isinstance(call, m.Answer)]:
                    asked.remove(call)
            asked.append(command)


def _is_answered(command: Asked) -> bool:
    return isinstance(command, m.Answer) or command.call_id > 0


def _do(player: NotePlayer, command: Asked, channel: Channel[m.Command], asked: deque[Asked]) -> None:
    """Answer a call or do an action; stop answering as soon as something newer is to be answered."""
    act_id = command.act_id if isinstance(command, m.Act) else 0
    try:
        for note in _notes(player, command):
            if not command.call_id:
                continue
            _read(channel, asked)
            if any(map(_is_answered, asked)):
                break
            channel.send(m.NoteReady(command.call_id, note))
        else:
            if command.call_id:
                channel.send(m.Answered(command.call_id))
    except ValueError as error:
        if command.call_id:
            channel.send(m.Refused(command.call_id, "" if act_id else str(error)))
        if act_id:
            channel.send(m.NotDone(act_id, str(error)))
    else:
        if act_id:
            channel.send(m.Acted(act_id))


def _notes(player: NotePlayer, command: Asked) -> Iterator[Note]:
    if isinstance(command, m.Answer):
        return player.answer(command.call, command.bars, command.params)
    act = cast(NoteActor, player).act
    return act(command.action, command.arguments, command.heard, command.bars, command.params)
