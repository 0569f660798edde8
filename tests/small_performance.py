"""A small performance for the renderers' tests."""

import io

import numpy as np
from PIL import Image

from bridge.demo.performance import Frame, Heard, Performance, Section

TEMPO = 120.0
NOTES = (
    Heard("call", 60, 100, 0.0, 1.0),
    Heard("call", 64, 80, 1.0, 0.5),
    Heard("call", 64, 80, 1.5, 0.5),
    Heard("answer", 67, 90, 4.0, 2.0),
    Heard("answer", 72, 110, 6.0, 1.75),
)


def flat_frame(time: float, grey: int) -> Frame:
    """One shade all over."""
    buffer = io.BytesIO()
    Image.fromarray(np.full((64, 64, 3), grey, np.uint8)).save(buffer, "JPEG", quality=95)
    return Frame(time, buffer.getvalue())


def performance() -> Performance:
    """Four seconds: a bar of call, a bar of answer; frames turn from dark to bright where the answer begins."""
    frames = [flat_frame(number / 10, 40 if number < 20 else 220) for number in range(-2, 50)]
    sections = (Section("call", "A Call", "OSC", 0.0, 4.0), Section("answer", "echo", "MIDI", 4.0, 4.0))
    return Performance(TEMPO, 4, 2, NOTES, sections, tuple(frames))
