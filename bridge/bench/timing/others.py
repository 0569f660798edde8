"""What others would use in our place.

``python -m bridge.bench.timing.others WAY CLIENT SECONDS STEP`` plays a note every STEP seconds on a JACK port of that
client, and ends each half a step later.
"""

import asyncio
import sys
import time
from typing import Any

NOTE = 60
MISSING = 3
"""Exit status where a package is not installed."""


def with_mido(client: str, seconds: float, step: float) -> None:
    """mido and time.sleep, as its documentation shows."""
    import mido

    with mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_output("out", client_name=client, virtual=True) as port:
        start = _ready()
        for number in range(int(seconds / step)):
            time.sleep(max(0.0, start + number * step - time.perf_counter()))
            port.send(mido.Message("note_on", note=NOTE))
            time.sleep(max(0.0, start + (number + 0.5) * step - time.perf_counter()))
            port.send(mido.Message("note_off", note=NOTE))


def with_asyncio(client: str, seconds: float, step: float) -> None:
    """python-rtmidi from the timers of asyncio."""
    import rtmidi

    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    port.open_virtual_port("out")

    async def play() -> None:
        _ready()
        loop = asyncio.get_running_loop()
        start = loop.time() + 0.5
        done = asyncio.Event()
        for number in range(int(seconds / step)):
            loop.call_at(start + number * step, port.send_message, [0x90, NOTE, 64])
            loop.call_at(start + (number + 0.5) * step, port.send_message, [0x80, NOTE, 0])
        loop.call_at(start + seconds, done.set)
        await done.wait()

    asyncio.run(play())


def with_isobar(client: str, seconds: float, step: float) -> None:
    """isobar's Timeline."""
    import isobar
    import rtmidi

    port = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    port.open_virtual_port("out")

    class Device(isobar.io.OutputDevice):  # type: ignore[misc]
        def tick(self) -> None:
            """isobar calls it on every tick."""

        def note_on(self, note: int = 60, velocity: int = 64, channel: int = 0) -> None:
            port.send_message([0x90, NOTE, 64])

        def note_off(self, note: int = 60, channel: int = 0) -> None:
            port.send_message([0x80, NOTE, 0])

    _ready()
    timeline: Any = isobar.Timeline(60.0, output_device=Device())
    timeline.schedule({"note": isobar.PSequence([NOTE]), "duration": step, "gate": 0.5})
    timeline.background()
    time.sleep(seconds)


WAYS = {"mido": with_mido, "rtmidi_asyncio": with_asyncio, "isobar": with_isobar}


def _ready() -> float:
    """Tell that the port is there, and wait until it is connected; return when to begin."""
    print("ready", flush=True)
    sys.stdin.readline()
    return time.perf_counter() + 0.5


def main() -> int:
    """Play in the way that the arguments name."""
    way, client, seconds, step = sys.argv[1:]
    try:
        WAYS[way](client, float(seconds), float(step))
    except ImportError as error:
        print(error, file=sys.stderr)
        return MISSING
    return 0


if __name__ == "__main__":
    sys.exit(main())
