"""A loaded frame model, and what makes frames of its paintings, whatever the model: size, input and feedback.

Nothing here knows of time or processes: the same calls give the same frames, in the worker and offline.
"""

from collections.abc import Mapping
from typing import cast

from bridge.fixed import FIXED
from bridge.workers.blend import Pixels, mix, sized
from bridge.workers.feedback import Feedback
from bridge.workers.frames import SLOT
from bridge.workers.quality import Level, levels
from models.contract import FrameActor, FrameModel, FramePainter, Moment, Resizable, Threaded, Value


def slot_defaults() -> dict[str, Value]:
    """What holds for every frame model at the start, by its address without ``/frames/``."""
    entries = [entry for entry in FIXED if entry.path.startswith(SLOT) and entry.kind == "parameter"]
    return {entry.path.removeprefix(SLOT): cast(Value, entry.arguments[0].default) for entry in entries}


class Engine:
    """Paints frames of one size."""

    def __init__(self, model: type[FrameModel], width: int, height: int, params: Mapping[str, Value]) -> None:
        """Load the model. Raises ImportError, OSError or ValueError with the reason."""
        self.model, self.width, self.height = model, width, height
        self._painter: FramePainter = model.load(width, height, params)
        self._size = width, height
        self._feedback = Feedback()
        self.levels = levels(model, resizable=hasattr(self._painter, "resize"))
        """The steps of quality that there are, best first."""

    @property
    def threaded(self) -> Threaded | None:
        """The model, where it runs on as many threads as it is told to."""
        return cast(Threaded, self._painter) if hasattr(self._painter, "set_threads") else None

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        """Do an action of the model. Raises ValueError."""
        cast(FrameActor, self._painter).act(action, arguments)

    def paint(
        self,
        moment: Moment,
        params: Mapping[str, Value],
        slot: Mapping[str, Value],
        level: Level,
        source: Pixels | None,
    ) -> Pixels:
        """The next frame, RGB [height, width, 3]; ``source`` is the newest frame that comes in, of any size."""
        size = level.size(self.width, self.height)
        if size != self._size:
            cast(Resizable, self._painter).resize(*size)
            self._size = size
        params = level.params(self.model, params)
        amount, taken, name = float(slot["feedback/amount"]), slot["input"], self.model.input()
        last = None
        if amount > 0 or (name and taken == "feedback"):
            last = self._feedback.moved(slot, moment.time)
        if name:
            image = source if taken == "source" else last if taken == "feedback" else None
            picture = self._painter.render(moment, params, **{name: image})
        else:
            picture = self._painter.render(moment, params)
        picture = sized(picture, self.width, self.height)
        if last is not None:
            picture = mix(picture, last, amount)
        self._feedback.keep(picture, moment.time)
        return picture
