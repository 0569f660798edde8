"""What the tests of bridge.child run in its processes."""

import os
import select
import socket
import time

import msgspec

from bridge.channel import Channel, ChannelClosedError


class Said(msgspec.Struct, tag=True):
    text: str


def echo(sock: socket.socket, greeting: str) -> None:
    """Say a greeting, then echo; 'die', 'hang' and 'leave' do just that."""
    channel: Channel[Said] = Channel(sock, Said)
    channel.send(Said(greeting))
    channel.send(Said(str(os.getpid())))
    while True:
        select.select([channel], [], [])
        try:
            messages = channel.receive()
        except ChannelClosedError:
            return
        for message in messages:
            if message.text == "die":
                os.kill(os.getpid(), 9)
            if message.text == "hang":
                time.sleep(1000)
            if message.text == "leave":
                return
            channel.send(message)


def die(sock: socket.socket) -> None:
    """Die at once."""
    os._exit(3)
