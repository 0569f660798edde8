"""Models that do as the test says: quick, and able to fail."""

import os
import signal
import time
from collections.abc import Iterator, Mapping

import numpy as np

from models.contract import FrameModel, Moment, Note, NoteModel, Param, Phrase, Value

DIE, HANG, REFUSE = 1, 2, 3
"""Pitches of a call that make the chord's worker do so."""
CHORD = (60, 64, 67)
FATAL = 0.75
"""A level of the lamp (exact as a 32-bit float, which OSC sends)."""


class Chord(NoteModel):
    """Answers everything with one chord, held for the whole answer."""

    name = "chord"
    implementation = "stage_models:ChordPlayer"


class ChordPlayer:
    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        match call.notes[0].pitch:
            case 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case 2:
                time.sleep(1000)
            case 3:
                raise ValueError("pitch must not be 3, got 3")
        for pitch in CHORD:
            yield Note(pitch, 90, 0.0, float(bars * call.beats_per_bar))


class Lamp(FrameModel):
    """Red by its level, green while a note is held; a level of FATAL ends its process."""

    name = "lamp"
    implementation = "stage_models:LampPainter"
    level = Param(0.5, low=0.0, high=1.0, doc="How red.")


class LampPainter:
    def __init__(self, width: int, height: int) -> None:
        self._size = height, width

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        if params["level"] == FATAL:
            os.kill(os.getpid(), signal.SIGKILL)
        red = round(255 * float(params["level"]))
        green = 255 if any(note.held for note in moment.notes) else 0
        return np.full((*self._size, 3), (red, green, 0), np.uint8)


class Slide(FrameModel):
    """Blue, as the file says that it was loaded with; cannot be loaded without one."""

    name = "slide"
    implementation = "stage_models:SlidePainter"
    file = Param("", at_load=True, doc="How blue, 0 to 255.")


class SlidePainter:
    def __init__(self, width: int, height: int, file: str) -> None:
        if not file:
            raise ValueError("file must be given, got ''")
        self._frame = np.full((height, width, 3), (0, 0, int(file)), np.uint8)

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        return self._frame


class Broken(FrameModel):
    """Cannot be loaded."""

    name = "broken"
    implementation = "stage_models:BrokenPainter"


class BrokenPainter:
    def __init__(self, width: int, height: int) -> None:
        raise ValueError("its weights must be there, got none")
