"""A frame model that follows a MIDI file, frame by frame, as fast or as slowly as it paints.

The same request gives the same frames to the bit on one machine: quality, threads and the times of frames are fixed.
"""

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import msgspec

from bridge.addresses import ArgumentError, Table
from bridge.clocks import now
from bridge.offline import film
from bridge.offline.music import DRUMS, Music
from bridge.offline.picture import Source
from bridge.workers.between import Between
from bridge.workers.blend import Pixels
from bridge.workers.engine import Engine, slot_defaults
from bridge.workers.frames import SLOT
from models.contract import FrameModel, Value

TAIL = 2.0
"""Seconds after the last note."""
ALONE = 10.0
"""Seconds without a MIDI file."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be rendered."""

    model: type[FrameModel]
    params: dict[str, Value]
    slot: dict[str, Value]
    """As the server's parameters under /frames/; quality -1 is the best."""
    midi: Path | None = None
    source: Path | None = None
    seconds: float | None = None
    """None: as long as the music and TAIL, or ALONE."""
    threads: int = 1
    """That the model runs on, where it can be told, and of torch, where it uses it."""


class Rendered(msgspec.Struct, frozen=True):
    """What came of it."""

    frames: int
    seconds_painted: float
    sha256: str
    """Of all pixels in order: equal for equal frames."""


def settings(table: Table, model: type[FrameModel], given: dict[str, str]) -> tuple[dict[str, Value], dict[str, Value]]:
    """The model's and the slot's parameters, with values given as text.

    A name is an address, a parameter of the model's own or shared one's name, or one of the slot's, as
    ``feedback/amount``. Raises ArgumentError, stating the rule and the value.
    """
    values, paths = table.defaults(), table.model_paths(model)
    slot_paths = {path.removeprefix(SLOT): path for path in values if path.removeprefix(SLOT) in slot_defaults()}
    for name, text in given.items():
        path = paths.get(name) or slot_paths.get(name) or name
        entry = table.entries.get(path)
        if entry is None or path not in {*paths.values(), *slot_paths.values()}:
            known = ", ".join([*paths, *slot_paths])
            raise ArgumentError(f"{model.name} has no parameter {name!r}: it must be one of {known}")
        (checked,) = entry.check((_parsed(entry.arguments[0].type, text),))
        values[path] = cast(Value, checked)
    return {name: values[path] for name, path in paths.items()}, {
        name: values[path] for name, path in slot_paths.items()
    }


def frames(request: Request, music: Music, tell: Callable[[str], None] = lambda _: None) -> Iterator[Pixels]:
    """Yield every frame, RGB [height, width, 3]. Raises ImportError, OSError or ValueError with the reason."""
    slot = request.slot
    width, height, fps = int(slot["width"]), int(slot["height"]), float(slot["fps"])
    source = Source(request.source) if request.source else None
    engine = Engine(request.model, width, height, request.params)
    if engine.threaded is not None:
        engine.threaded.set_threads(request.threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(request.threads)
    level = engine.levels[min(max(0, int(slot["quality"])), len(engine.levels) - 1)]
    between = Between()
    shown: Pixels | None = None
    for number in range(count(request, music)):
        time = number / fps
        if number % level.every == 0:
            moment = music.at(time + float(slot["offset"]) / 1000)
            image = source.at(time) if source else None
            between.feed(engine.paint(moment, request.params, slot, level, image), level.every)
        shown = between.next()
        assert shown is not None  # as many as there are from painting to painting
        yield shown
        if number % round(fps) == 0:
            tell(f"{time:.0f} s")


def count(request: Request, music: Music) -> int:
    """How many frames there will be."""
    seconds = request.seconds
    if seconds is None:
        seconds = music.seconds + TAIL if request.midi else ALONE
    return max(1, round(seconds * float(request.slot["fps"])))


def render(request: Request, out: Path, tell: Callable[[str], None]) -> Rendered:
    """Write an mp4, with the music played by the demo's synthesiser. Raises ImportError, OSError or ValueError."""
    music = Music(request.midi)
    digest, begun = hashlib.sha256(), now()
    fps = float(request.slot["fps"])
    number = 0

    def watched() -> Iterator[Pixels]:
        nonlocal number
        for frame in frames(request, music, tell):
            digest.update(frame.tobytes())
            number += 1
            yield frame

    try:
        film.write(out, watched(), fps, _sound(music, count(request, music) / fps))
    except film.NoEncoderError as error:
        raise ValueError(str(error)) from error
    return Rendered(number, now() - begun, digest.hexdigest())


def _sound(music: Music, seconds: float) -> Any:
    from bridge.demo import synth
    from bridge.demo.performance import Heard, Performance

    notes = tuple(  # at 60 bpm beats are seconds
        Heard(music.voice(note), note.pitch, note.velocity, note.start, min(note.end, seconds) - note.start)
        for note in music.notes
        if note.channel != DRUMS and note.start < seconds
    )
    if not notes:
        return None
    performance = Performance(60.0, 1, max(1, round(seconds)), notes, (), ())
    return synth.render(performance)[: round(seconds * synth.RATE)]


def _parsed(kind: str, text: str) -> int | float | str | bool:
    if kind == "string":
        return text
    try:
        return float(text)
    except ValueError:
        named = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
        return named.get(text.lower(), text)
