"""The frames of a show again, as they were painted: from its journal, at the quality that it had."""

from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.addresses import Table
from bridge.offline import film
from bridge.offline.journal import Playback, Show
from bridge.show.journal import records
from bridge.workers.blend import Pixels
from bridge.workers.engine import Engine, slot_defaults
from bridge.workers.frames import SLOT
from models.contract import FrameModel, Value


def render(show: Show, table: Table, out: Path, tell: Callable[[str], None] = lambda text: None) -> int:
    """Write an mp4 of a show's frames; returns how many. Raises ImportError, OSError or ValueError with the reason.

    They are painted on a steady grid: those of a model without a memory are as they were, one that grows goes its own
    way from the same seed.
    """
    count = 0

    def counted() -> Iterator[Pixels]:
        nonlocal count
        for frame in frames(show, table, tell):
            count += 1
            yield frame

    try:
        film.write(out, counted(), fps(show))
    except film.NoEncoderError as error:
        raise ValueError(str(error)) from error
    return count


def fps(show: Show) -> float:
    """The show's frames a second, as it began."""
    return float(show.begun.values["/frames/fps"])


def frames(show: Show, table: Table, tell: Callable[[str], None] = lambda text: None) -> Iterator[Pixels]:
    """Yield every frame, RGB [height, width, 3]."""
    playback = Playback(show)
    models = {model.name: model for model in table.of_slot(FrameModel) if issubclass(model, FrameModel)}
    width, height = show.begun.size
    engine: Engine | None = None
    for number in range(max(1, int(show.seconds * fps(show)))):
        time = number / fps(show)
        moment, done = playback.until(time)
        name = str(playback.values["/frames/model"])
        if engine is None or engine.model.name != name:
            if name not in models:
                raise ValueError(f"the journal's model must be one of {', '.join(models)}, got {name!r}")
            engine = Engine(models[name], width, height, _params(playback, table, models[name]))
        for action in done:
            _act(engine, table, action)
        slot: dict[str, Value] = {
            name: playback.values[SLOT + name] for name in slot_defaults() if SLOT + name in playback.values
        }
        level = engine.levels[min(max(0, playback.level), len(engine.levels) - 1)]
        yield engine.paint(moment, _params(playback, table, engine.model), slot, level, None)
        if number % round(fps(show)) == 0:
            tell(f"{time:.0f} s of {show.seconds:.0f}")


def _params(playback: Playback, table: Table, model: type[FrameModel]) -> dict[str, Value]:
    found = {}
    for name, path in table.model_paths(model).items():
        found[name] = playback.now(path) if path in playback.values else model.params()[name].default
    return found


def _act(engine: Engine, table: Table, done: records.Done) -> None:
    """Have the model do an action of its own; what else was done had its own effects."""
    _, names, action = table.doers.get(done.path, ("", (), ""))
    if engine.model.name in names:
        arguments = [argument.name for argument in table[done.path].arguments]
        engine.act(action, dict(zip(arguments, done.values, strict=False)))  # type: ignore[arg-type]
