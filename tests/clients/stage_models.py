"""Models that do as the test says: quick, and able to fail."""

import os
import signal
import time
from collections.abc import Iterator, Mapping

import numpy as np

from models.contract import Action, FrameModel, Input, Moment, Note, NoteModel, Param, Phrase, Value
from models.pad import FramePad, NotePad

DIE, HANG, REFUSE = 1, 2, 3
"""Pitches of a call that make the chord's worker do so."""
CHORD = (60, 64, 67)
REFUSED = 66
"""How much work the tired one refuses to do."""
FATAL = 0.75
"""A level of the lamp (exact as a 32-bit float, which OSC sends)."""


class Chord(NotePad, NoteModel):
    """Answers everything with one chord, held for the whole answer; on the pad as loud as it is far to the right."""

    name = "chord"
    implementation = "stage_models:ChordPlayer"
    tune = Action("Raises the root.", {"by": Param(0, low=0, high=12, unit="semitones")}, answers=False)
    continue_ = Action("Plays the root, once for each note heard.", hears=4)


class ChordPlayer:
    def __init__(self) -> None:
        self._root = CHORD[0]

    def act(
        self, action: str, arguments: Mapping[str, Value], heard: Phrase, bars: int, params: Mapping[str, Value]
    ) -> Iterator[Note]:
        if action == "tune":
            if arguments["by"] == 7:
                raise ValueError("by must not be 7, got 7")
            self._root += int(arguments["by"])
            return
        if not heard.notes:
            raise ValueError("there must be notes to continue, got 0")
        for number in range(len(heard.notes)):
            yield Note(self._root, 90, float(number), 0.5)

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        match call.notes[0].pitch:
            case 1:
                os.kill(os.getpid(), signal.SIGKILL)
            case 2:
                time.sleep(1000)
            case 3:
                raise ValueError("pitch must not be 3, got 3")
        velocity = 1 + round(126 * float(params["pad_x"])) if params["pad"] else 90
        for pitch in CHORD:
            yield Note(pitch, velocity, 0.0, float(bars * call.beats_per_bar))


class Lamp(FramePad, FrameModel):
    """Red by its level, green while a note is held, blue by the pad; a level of FATAL ends its process."""

    name = "lamp"
    implementation = "stage_models:LampPainter"
    default = True
    level = Param(0.5, low=0.0, high=1.0, doc="How red.")


class LampPainter:
    def __init__(self, width: int, height: int) -> None:
        self._size = height, width

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        if params["level"] == FATAL:
            os.kill(os.getpid(), signal.SIGKILL)
        red = round(255 * float(params["level"]))
        green = 255 if any(note.held for note in moment.notes) else 0
        blue = round(255 * float(params["pad_x"])) if params["pad"] else 0
        return np.full((*self._size, 3), (red, green, blue), np.uint8)


class Mirror(FrameModel):
    """Shows what comes in, and white where nothing does; black once it was told so."""

    name = "mirror"
    implementation = "stage_models:MirrorPainter"
    picture = Input("What is shown.")
    cover = Action("Covers it.", {"colour": Param("black", choices=("black", "red", "pink"))})


class MirrorPainter:
    def __init__(self, width: int, height: int) -> None:
        self._size = height, width
        self._colour = (255, 255, 255)

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        if arguments["colour"] == "pink":
            raise ValueError("colour must not be pink, got 'pink'")
        self._colour = (0, 0, 0) if arguments["colour"] == "black" else (255, 0, 0)

    def render(self, moment: Moment, params: Mapping[str, Value], picture: np.ndarray | None = None) -> np.ndarray:
        colour = self._colour if picture is None else picture[0, 0]
        return np.full((*self._size, 3), colour, np.uint8)


class Slide(FrameModel):
    """Blue, as the file says that it was loaded with; cannot be loaded without one."""

    name = "slide"
    implementation = "stage_models:SlidePainter"
    file = Param("", at_load=True, doc="How blue, 0 to 255.")


class SlidePainter:
    def __init__(self, width: int, height: int, file: str) -> None:
        if not file:
            raise ValueError("file must be given, got ''")
        if file == "huge":
            raise MemoryError("out of memory")
        self._frame = np.full((height, width, 3), (0, 0, int(file)), np.uint8)

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        return self._frame


class Tired(FrameModel):
    """Grey by how much it is asked to do, for which it takes as long as it is told."""

    name = "tired"
    implementation = "stage_models:TiredPainter"
    work = Param(100, low=20, high=200, costs=True, doc="How grey.")
    takes = Param(0.0, low=0.0, high=10.0, unit="s", doc="For each frame.")


class TiredPainter:
    def __init__(self, width: int, height: int) -> None:
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        self._size = height, width

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        if params["work"] == REFUSED:
            raise ValueError(f"work must not be {REFUSED}, got {REFUSED}")
        time.sleep(float(params["takes"]))
        return np.full((*self._size, 3), int(params["work"]), np.uint8)


class Broken(FrameModel):
    """Cannot be loaded."""

    name = "broken"
    implementation = "stage_models:BrokenPainter"


class BrokenPainter:
    def __init__(self, width: int, height: int) -> None:
        raise ValueError("its weights must be there, got none")


MODELS = (Chord, Lamp, Slide, Mirror, Tired, Broken)
