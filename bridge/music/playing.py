"""A use of a note model from files to a file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import msgspec

from bridge.addresses import Argument, ArgumentError, Table
from bridge.music import reading
from bridge.music.reading import Piece
from bridge.music.uses import uses
from bridge.music.writing import DRUM_CHANNEL, Part, write
from models.contract import Note, NoteActor, NoteModel, Phrase, Value

BARS = 8
"""Of what is as long as one likes."""
STEPS = {2: 5, 4: 3}
"""Melodies on the way between two ends, or along each side of a square."""
WINDOW_BARS = 2
"""Bars of each end of an interpolation."""
TEMPO = 120.0


class RequestError(ValueError):
    """What the user can mend in the command; the text states the rule and the value."""


class Request(msgspec.Struct, frozen=True):
    """What is asked for."""

    use: str
    """An action of a note model."""
    files: tuple[Path, ...]
    """What is heard, and last what is written."""
    values: dict[str, str] = {}
    """Parameters of the model and arguments of the action by name, as they were typed."""
    bars: int | None = None
    steps: int | None = None
    hear: str = ""
    track: str = ""
    join: bool = False
    beats_per_bar: int | None = None
    tempo: float | None = None
    model: str = ""


def play(request: Request) -> Iterator[str]:
    """Read, play and write; yield what to tell.

    Raises RequestError; OSError, ValueError or ImportError, with the reason, for files and weights.
    """
    *ins, out = request.files
    allowed = {"generate": (0,), "interpolate": (1, 2, 4)}.get(request.use, (1,))
    if len(ins) not in allowed:
        raise RequestError(
            f"takes {' or '.join(map(str, allowed))} files to hear and one to write, got {len(ins)} and 1"
        )
    if request.beats_per_bar is not None and not 1 <= request.beats_per_bar <= 16:
        raise RequestError(f"--beats-per-bar must be 1..16, got {request.beats_per_bar}")
    if request.tempo is not None and not 20 <= request.tempo <= 400:
        raise RequestError(f"--tempo must be 20..400, got {request.tempo:g}")
    for file in ins:
        if file.resolve() == out.resolve():
            raise RequestError(f"OUT must be another file than IN, got {out} for both")
    models = [model for model in uses()[request.use] if request.model in ("", model.name)]
    pieces = [_read(file, request, models) for file in ins]
    model = next((model for model in models if pieces and model.drums == pieces[0].drums), models[0])
    table = Table()
    params = _checked(table, table.model_paths(model), request.values)
    heard, first, last = _heard(request, model, pieces)
    path = table.action_paths(model)[request.use]
    arguments = {argument.name: _value(argument, request.values) for argument in table[path].arguments}
    if len(ins) == 4:
        arguments["corners"] = True
    bars = _bars(request, heard, len(ins))
    for piece in pieces:
        yield f"heard {len(piece.notes)} notes of {piece.track}: {piece.bars} bars of {piece.beats_per_bar} beats"
    player = cast(NoteActor, model.load())
    notes = tuple(player.act(request.use, arguments, heard, bars, params))
    _write(request, out, notes, bars, pieces[0] if pieces else None, (first, last))
    yield f"{out}: {len(notes)} notes in {bars} bars by {model.name}, seed {params['seed']}"


def _read(path: Path, request: Request, models: list[type[NoteModel]]) -> Piece:
    """Drums for a model of drums, else others; where either can be had, or a rhythm is tapped, whatever there is."""
    kinds = {model.drums for model in models}
    wanted = None if len(kinds) > 1 or request.use == "drumify" else kinds.pop()
    return reading.read(path, request.track, request.beats_per_bar, wanted)


def _heard(request: Request, model: type[NoteModel], pieces: list[Piece]) -> tuple[Phrase, int, int]:
    """What the model hears, and which bars of the first piece these are."""
    if not pieces:
        return Phrase((), 1, request.beats_per_bar or 4), 0, 0
    spans = [_span(request.hear, piece) for piece in pieces]
    if len(pieces) == 1:
        (piece,), ((first, last),) = pieces, spans
        most = model.actions()[request.use].hears
        begin = first if not most or request.hear else max(first, last - most)
        heard = piece.phrase(begin, last)
        if not heard.notes:
            raise RequestError(f"--hear must have bars with notes, got {request.hear or f'{begin + 1}-{last}'}")
        return heard, begin, last
    if len({piece.beats_per_bar for piece in pieces}) > 1:
        raise RequestError(f"all must have bars of as many beats, got {[piece.beats_per_bar for piece in pieces]}")
    notes: list[Note] = []
    bar = pieces[0].beats_per_bar
    for number, (piece, (first, last)) in enumerate(zip(pieces, spans, strict=True)):
        end = max((int(note.start // bar) + 1 for note in piece.phrase(first, last).notes), default=0) + first
        begin = max(first, end - WINDOW_BARS)
        own = piece.phrase(begin, end).notes
        if not own:
            raise RequestError(f"each must have notes in the bars that are heard, got none in {request.files[number]}")
        shift = number * WINDOW_BARS * bar
        notes += [msgspec.structs.replace(note, start=note.start + shift) for note in own]
    return Phrase(tuple(notes), WINDOW_BARS * len(pieces), bar), *spans[0]


def _span(text: str, piece: Piece) -> tuple[int, int]:
    if not text:
        return 0, piece.bars
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    first = int(match[1]) if match else 0
    last = int(match[2] or match[1]) if match else 0
    if not 1 <= first <= last <= piece.bars:
        raise RequestError(f"--hear must be bars 1..{piece.bars}, as 3 or 5-8, got {text!r}")
    return first - 1, last


def _bars(request: Request, heard: Phrase, ends: int) -> int:
    if request.use == "interpolate":
        if request.bars is not None and request.steps is not None:
            raise RequestError("takes --bars or --steps, not both")
        if request.bars is None:
            steps = STEPS[4 if ends == 4 else 2] if request.steps is None else request.steps
            if not 1 <= steps <= 16:
                raise RequestError(f"--steps must be 1..16, got {steps}")
            return WINDOW_BARS * (steps**2 if ends == 4 else steps)
    if request.bars is not None:
        return request.bars
    return BARS if request.use in ("generate", "continue") else heard.bars


def _checked(table: Table, paths: dict[str, str], values: dict[str, str]) -> dict[str, Value]:
    return {name: _value(table[path].arguments[0], values) for name, path in paths.items()}


def _value(argument: Argument, values: dict[str, str]) -> Value:
    """A value as it was typed, or the default. Raises RequestError, stating the rule and the value."""
    text = values.get(argument.name)
    value: Value = "" if argument.default is None else argument.default
    if text is None:
        return value
    try:
        typed = text if argument.type == "string" else float(text)
        checked = argument.check(typed)
    except ArgumentError as error:
        raise RequestError(f"--{error}") from error
    except ValueError as error:
        raise RequestError(f"--{argument.name} must be a number, got {text!r}") from error
    assert isinstance(checked, (bool, int, float, str))
    return checked


def _write(
    request: Request, out: Path, notes: tuple[Note, ...], bars: int, piece: Piece | None, span: tuple[int, int]
) -> None:
    beats_per_bar = piece.beats_per_bar if piece else request.beats_per_bar or 4
    tempo = request.tempo or (piece.tempo if piece else TEMPO)
    drums = any(note.channel == DRUM_CHANNEL for note in notes)
    program = 0 if piece is None or drums else piece.program
    answer = Part("Answer", notes, program, DRUM_CHANNEL if drums else 0)
    if piece is None or not request.join:
        write(out, (answer,), ((0.0, tempo),), beats_per_bar, bars * beats_per_bar)
        return
    first, last = span
    call = piece.phrase(first, last)
    after = [msgspec.structs.replace(note, start=note.start + call.bars * beats_per_bar) for note in notes]
    parts = (
        Part("Call", call.notes, piece.program, DRUM_CHANNEL if piece.drums else 0),
        Part("Answer", after, program, DRUM_CHANNEL if drums else 1),
    )
    tempos = _tempos(piece, first) if request.tempo is None else ((0.0, tempo),)
    write(out, parts, tempos, beats_per_bar, (call.bars + bars) * beats_per_bar)


def _tempos(piece: Piece, first: int) -> tuple[tuple[float, float], ...]:
    """The tempos from a bar on, in beats from it."""
    start = first * piece.beats_per_bar
    before = [tempo for beat, tempo in piece.tempos if beat <= start]
    return (0.0, before[-1]), *((beat - start, tempo) for beat, tempo in piece.tempos if beat > start)
