"""A show's answers again, on a MIDI port, in its own time."""

import time

import mido

from bridge.clocks import now
from bridge.offline.journal import Show
from bridge.realtime.ports import choose_backend
from bridge.show.journal import records

NAME = "Antiphon replay"


def play(show: Show, port: str) -> None:
    """Play until the end; whatever ends it, no note is left sounding. Raises OSError where there is no such port."""
    backend, problem = choose_backend()
    if not backend:
        raise OSError(problem)
    ports = mido.Backend(f"mido.backends.rtmidi/{backend}")
    out = ports.open_output(port) if port else ports.open_output(NAME, virtual=True)
    sounding: set[tuple[int, int]] = set()
    try:
        begun = now() - show.begun.time
        for note in show.of(records.Sounded):
            if note.voice != "answer":
                continue
            time.sleep(max(0.0, begun + note.time - now()))
            key = note.channel, note.pitch
            kind = "note_on" if note.velocity else "note_off"
            out.send(mido.Message(kind, channel=note.channel, note=note.pitch, velocity=note.velocity))
            (sounding.add if note.velocity else sounding.discard)(key)
    finally:
        for channel, pitch in sounding:
            out.send(mido.Message("note_off", channel=channel, note=pitch))
        out.close()
