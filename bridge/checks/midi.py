"""MIDI: the back-ends in the installed python-rtmidi, which of them work now, and their ports."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from bridge.checks import Finding, apart
from bridge.config import Settings

SYSTEMS = {"linux": "linux", "darwin": "macos", "win32": "windows"}
PORTS = {
    "darwin": "connect other programs to Antiphon's own ports, or switch on the IAC bus: Audio MIDI Setup, Window, "
    "Show MIDI Studio, IAC Driver, Device is online",
    "win32": "Windows lends programs no ports of their own: install loopMIDI, add two ports there, and name them with "
    "--midi-input and --midi-output",
    "linux": "for ALSA: sudo modprobe snd-seq; for JACK: jackd -d alsa (without a sound card: jackd -S -R -d dummy -r "
    "48000 -p 256); with PipeWire: pw-jack antiphon serve",
}


def midi(settings: Settings) -> Iterator[Finding]:
    """Each back-end, and the one that the server will use."""
    from bridge.realtime.ports import choose_backend

    for name, inputs, outputs, problem in apart.call(survey):
        if problem:
            yield Finding(f"MIDI by {name}", "note", f"does not work now: {problem}")
        else:
            text = f"inputs: {', '.join(inputs) or 'none'}; outputs: {', '.join(outputs) or 'none'}"
            yield Finding(f"MIDI by {name}", "ok", text)
    backend, problem = apart.call(choose_backend)
    advice = PORTS.get(sys.platform, "")
    if backend:
        yield Finding("MIDI", "ok", f"the server uses {backend}", "" if sys.platform == "linux" else advice)
    else:
        yield Finding("MIDI", "warn", problem, advice)


def survey() -> list[tuple[str, list[str], list[str], str]]:
    """Name, input ports, output ports and problem of each back-end that was compiled in."""
    import rtmidi

    os.environ["JACK_NO_START_SERVER"] = "1"
    found = []
    for api in rtmidi.get_compiled_api():
        name, inputs, outputs, problem = rtmidi.get_api_display_name(api), [], [], ""
        try:
            inputs, outputs = _ports(rtmidi.MidiIn(api)), _ports(rtmidi.MidiOut(api))
        except Exception as error:  # noqa: BLE001  (rtmidi raises its own SystemError, which is no OSError)
            problem = str(error).partition(": ")[2] or str(error)
        found.append((name, inputs, outputs, problem))
    return found


def _ports(client: Any) -> list[str]:
    ports: list[str] = client.get_ports()
    client.delete()
    return ports
