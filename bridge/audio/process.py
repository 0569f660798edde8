"""The process that listens: an audio input by PortAudio, and its features to control.

It runs only while something follows sound.
"""

import os
import queue
import select
import socket
from typing import Any

from bridge.audio import messages as m
from bridge.channel import Channel, ChannelClosedError
from bridge.child import exit_with_parent

TRY_AGAIN = 5.0
"""Seconds until a device that is not there is looked for again."""
SILENT = 2.0
"""Seconds without a block after which the device is taken to be gone."""


def run(sock: socket.socket, device: str) -> None:
    """Listen to the device whose name holds ``device``, or to the system's own choice, until told to stop."""
    exit_with_parent()
    channel: Channel[m.Command] = Channel(sock, m.Command)
    told = ""
    try:
        while True:
            try:
                _listen(channel, device)
                problem = "the audio input fell silent"
            except Stopped:
                return
            except Exception as error:  # noqa: BLE001  (PortAudio's and each system's own kinds)
                problem = f"{type(error).__name__}: {error}"
            channel.send(m.Listening("none"))
            if problem != told:  # not every five seconds again
                told = problem
                channel.send(
                    m.Problem(f"no sound comes in: {problem}; antiphon doctor tells the devices, --audio-input")
                )
            _wait(channel, TRY_AGAIN)
    except (ChannelClosedError, Stopped):
        return


class Stopped(Exception):  # noqa: N818  (not an error)
    """Control asked for the end."""


def _listen(channel: Channel[m.Command], device: str) -> None:
    """Tell of what comes in; returns when nothing comes any more. Raises whatever PortAudio raises."""
    os.environ["JACK_NO_START_SERVER"] = "1"  # PortAudio would have JACK's library start a server
    import sounddevice

    from bridge.audio.features import BLOCK, Features

    blocks: queue.Queue[Any] = queue.Queue(maxsize=8)

    def take(data: Any, frames: int, time: Any, status: Any) -> None:
        if blocks.full():  # the newest counts
            blocks.get_nowait()
        blocks.put_nowait(data.mean(axis=1))

    sounddevice._terminate()  # devices are looked for once, when the library begins
    sounddevice._initialize()
    number = _device(sounddevice, device)
    found = sounddevice.query_devices(number, "input")
    channels = min(2, int(found["max_input_channels"]))
    rate = float(found["default_samplerate"])
    features = Features(rate)
    with sounddevice.InputStream(
        samplerate=rate, blocksize=BLOCK, device=number, channels=channels, dtype="float32", callback=take
    ):
        channel.send(m.Listening(str(found["name"])))
        while True:
            _check(channel)
            try:
                block = blocks.get(timeout=SILENT)
            except queue.Empty:
                return
            channel.send(m.Heard(features.follow(block)))
            channel.flush()


def _device(sounddevice: Any, name: str) -> int | None:
    """The number of the first input whose name holds ``name``; None: the system's choice. Raises ValueError."""
    if not name:
        return None
    inputs = [(number, d["name"]) for number, d in enumerate(sounddevice.query_devices()) if d["max_input_channels"]]
    for number, there in inputs:
        if name.lower() in there.lower():
            return number
    known = ", ".join(there for _, there in inputs) or "none"
    raise ValueError(f"an audio input must be one of {known}, got {name!r}")


def _check(channel: Channel[m.Command]) -> None:
    channel.flush()
    for command in channel.receive():
        if isinstance(command, m.Stop):
            raise Stopped


def _wait(channel: Channel[m.Command], seconds: float) -> None:
    channel.flush()
    select.select([channel], [], [], seconds)
    _check(channel)
