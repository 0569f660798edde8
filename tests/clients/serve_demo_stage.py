"""``antiphon serve`` with models that answer at once: the call comes back a fifth higher, frames brighten with it."""

import argparse
import asyncio
import sys
from collections.abc import Iterator, Mapping

import numpy as np

from bridge import config
from bridge.addresses import Table
from bridge.server import serve
from models.contract import FrameModel, Moment, Note, NoteModel, Phrase, Value

FIFTH = 7


class Fifth(NoteModel):
    """Answers a call with itself, a fifth higher; a call that begins on the lowest note, with silence."""

    name = "fifth"
    implementation = "serve_demo_stage:FifthPlayer"


class FifthPlayer:
    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        if call.notes[0].pitch == 0:
            return
        for note in call.notes:
            start, end = (round(beat * 4) / 4 for beat in (note.start, note.start + note.duration))
            yield Note(note.pitch + FIFTH, note.velocity, start, max(end - start, 0.25))


class Glow(FrameModel):
    """Grey, and green while a note is held."""

    name = "glow"
    implementation = "serve_demo_stage:GlowPainter"


class GlowPainter:
    def __init__(self, width: int, height: int) -> None:
        self._size = height, width

    def render(self, moment: Moment, params: Mapping[str, Value]) -> np.ndarray:
        green = 200 if any(note.held for note in moment.notes) else 60
        return np.full((*self._size, 3), (60, green, 60), np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser()
    config.add_arguments(parser)
    settings = config.load(parser.parse_args())
    asyncio.run(serve(settings, lambda text: print(text, flush=True), Table(models=[Fifth, Glow])))
    sys.exit(0)


if __name__ == "__main__":
    main()
