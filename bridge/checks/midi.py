"""MIDI: the back-ends in the installed python-rtmidi, which of them work now, and their ports."""

import os
import sys
from collections.abc import Iterator
from typing import Any

from bridge.checks import Finding, apart
from bridge.config import Settings

BACKENDS = ("LINUX_ALSA", "UNIX_JACK", "MACOSX_CORE", "WINDOWS_MM")
"""As rtmidi names them."""
ADVICE = {
    "darwin": "connect other programs to Antiphon's own ports, or switch on the IAC bus: Audio MIDI Setup, Window, "
    "Show MIDI Studio, IAC Driver, Device is online",
    "win32": "Windows has no ports that a program makes for itself: install loopMIDI, add two ports there, name them "
    "with --midi-input and --midi-output",
    "linux": "with PipeWire, which stands in for JACK: pw-jack antiphon serve",
}
"""How to connect other programs."""


def midi(settings: Settings) -> Iterator[Finding]:
    """Each back-end, the one that the server will use, and the ports that it is to use."""
    from bridge.realtime.ports import choose_backend, find

    ports = {}
    for name, shown, inputs, outputs, problem in apart.call(survey):
        ports[name] = (inputs, outputs)
        if problem:
            yield Finding(f"MIDI by {shown}", "note", f"does not work now: {problem}")
        else:
            text = f"inputs: {', '.join(inputs) or 'none'}; outputs: {', '.join(outputs) or 'none'}"
            yield Finding(f"MIDI by {shown}", "ok", text)
    if not settings.midi:
        yield Finding("MIDI", "note", "switched off by --no-midi or a setting")
        return
    backend, problem = apart.call(choose_backend)
    advice = ADVICE.get(sys.platform, "")
    if not backend:
        yield Finding("MIDI", "warn", problem, advice)
        return
    yield Finding("MIDI", "ok", f"the server uses {backend}", advice if sys.platform != "linux" else "")
    inputs, outputs = ports.get(backend, ([], []))
    for wanted, there, way in ((settings.midi_input, inputs, "input"), (settings.midi_output, outputs, "output")):
        for name in wanted:
            try:
                yield Finding(f"MIDI {way}", "ok", find(name, there, f"MIDI {way}", f"--midi-{way}"))
            except ValueError as error:
                yield Finding(f"MIDI {way}", "warn", str(error))


def jack_frames(settings: Settings) -> Iterator[Finding]:
    """Whether notes can go out at JACK's frames, where JACK carries them."""
    from bridge.realtime.ports import SEQUENCER

    if sys.platform != "linux" or SEQUENCER.exists():
        return  # there JACK is not what is used
    try:
        apart.call(load_jack)
    except apart.ApartError as error:
        text = f"not available ({error}): notes go out at the beginning of JACK's periods, up to one period late"
        yield Finding("notes at JACK's frames", "note", text, "apt install libjack-jackd2-0 (or your system's libjack)")
    else:
        yield Finding("notes at JACK's frames", "ok", "JACK's library is there")


def load_jack() -> str:
    """Load JACK's library. Raises OSError where it is not there."""
    import jack

    version: str = jack.version_string()
    return version


def survey() -> list[tuple[str, str, list[str], list[str], str]]:
    """Name, name for people, input ports, output ports and problem of each back-end that was compiled in."""
    import rtmidi

    os.environ["JACK_NO_START_SERVER"] = "1"  # its library would start a server of its own
    compiled = rtmidi.get_compiled_api()
    found = []
    for name in BACKENDS:
        api = getattr(rtmidi, f"API_{name}")
        if api not in compiled:
            continue
        inputs, outputs, problem = [], [], ""
        try:
            inputs, outputs = _ports(rtmidi.MidiIn(api)), _ports(rtmidi.MidiOut(api))
        except Exception as error:  # noqa: BLE001  (rtmidi raises its own SystemError, which is no OSError)
            problem = str(error).partition(": ")[2] or str(error)
        found.append((name, rtmidi.get_api_display_name(api), inputs, outputs, problem))
    return found


def _ports(client: Any) -> list[str]:
    ports: list[str] = client.get_ports()
    client.delete()
    return ports
