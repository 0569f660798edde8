"""Audio devices, by PortAudio. The server plays no sound itself, so nothing here stops it."""

import os
import sys
from collections.abc import Iterator

from bridge.checks import Finding, apart
from bridge.config import Settings

INSTALL = "apt install libportaudio2 (Fedora: dnf install portaudio; Arch: pacman -S portaudio)"


def audio(settings: Settings) -> Iterator[Finding]:
    """The devices for input and output."""
    try:
        devices = apart.call(survey)
    except apart.ApartError as error:
        missing = "PortAudio library not found" in str(error)
        advice = INSTALL if missing and sys.platform == "linux" else ""
        yield Finding("audio", "note", f"not available: {error} (the server does not need it)", advice)
        return
    if not devices:
        yield Finding("audio", "note", "no audio device (the server does not need one)")
    for name, inputs, outputs in devices:
        yield Finding("audio device", "ok", f"{name}: {inputs} in, {outputs} out")


def survey() -> list[tuple[str, int, int]]:
    """Name, input and output channels of each device. Raises OSError where the PortAudio library is missing."""
    os.environ["JACK_NO_START_SERVER"] = "1"  # PortAudio would have JACK's library start a server
    import sounddevice

    return [(d["name"], d["max_input_channels"], d["max_output_channels"]) for d in sounddevice.query_devices()]
