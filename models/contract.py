"""What a model is, as the rest of Antiphon sees it.

A model folder holds a light ``declaration.py`` with one subclass of :class:`NoteModel` or :class:`FrameModel`; its
class attributes are its parameters. The implementation it names is imported only where the model runs.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

import msgspec

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Value = bool | int | float | str


class Param(msgspec.Struct, frozen=True):
    """A value that a performer may change while the model runs; its type is the type of its default."""

    default: Value
    low: float | None = None
    high: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()
    doc: str = ""
    at_load: bool = False
    """Needed to load the model, which is loaded anew when it changes."""


class Note(msgspec.Struct, frozen=True, array_like=True):
    """One note: MIDI pitch 0..127, velocity 1..127, channel 0..15, start (from the phrase's) and duration in beats."""

    pitch: int
    velocity: int
    start: float
    duration: float
    channel: int = 0


class Phrase(msgspec.Struct, frozen=True, array_like=True):
    """Notes heard in a number of bars, ordered by start."""

    notes: tuple[Note, ...]
    bars: int
    beats_per_bar: int = 4


class Sounding(msgspec.Struct, frozen=True, array_like=True):
    """A note as the picture sees it: still held, or ended a short while ago."""

    pitch: int
    velocity: int
    voice: Literal["call", "answer"]
    age: float
    """Seconds since its onset."""
    held: bool


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """What is heard at the moment a frame is for."""

    time: float
    """Seconds on the machine's clock."""
    beat: float
    """Beats since the transport started; whole numbers fall on the beat."""
    tempo: float
    """Beats per minute."""
    beats_per_bar: int
    notes: tuple[Sounding, ...]


class NotePlayer(Protocol):
    """A loaded note model, in its own process."""

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield the answer's notes in order of start (beats from the answer's first beat), each as soon as it is known.

        ``params`` holds every parameter of the model by name. The same call, bars and params (with a ``seed`` of 0 or
        more) give the same notes. Raises ValueError, stating the rule and the value, for what cannot be answered.
        """
        ...


class FramePainter(Protocol):
    """A loaded frame model, in its own process."""

    def render(self, moment: Moment, params: Mapping[str, Value]) -> "NDArray[np.uint8]":
        """Return the next frame, RGB, shape [height, width, 3]."""
        ...


class Model:
    """Shared by every declaration."""

    name: ClassVar[str]
    """As in an address: lower case, digits and underscores."""
    implementation: ClassVar[str]
    """``module:Class``, imported only where the model runs."""
    weights: ClassVar[tuple[str, ...]] = ()
    """Files under ``models/weights`` that the model needs."""
    default: ClassVar[bool] = False
    """Chosen at the start; one in each slot. Without one, the first by name is."""
    extra: ClassVar[str] = ""
    """The optional dependencies that the implementation imports: ``antiphon[extra]``."""

    @classmethod
    def params(cls) -> dict[str, Param]:
        """Every parameter by name, shared ones first."""
        found: dict[str, Param] = {}
        for parent in reversed(cls.__mro__):
            found.update({name: value for name, value in vars(parent).items() if isinstance(value, Param)})
        return found


class NoteModel(Model):
    """Answers a phrase with notes."""

    temperature = Param(0.5, low=0.0, high=2.0, doc="0 takes the likeliest note, 2 is wild.")
    variation = Param(0.4, low=0.0, high=1.0, doc="How far the answer departs from what was heard.")
    seed = Param(-1, low=-1, high=2**31 - 1, doc="The same call and seed give the same answer; -1 draws a new one.")

    @classmethod
    def load(cls) -> NotePlayer:
        """Import the implementation and build it. Raises ImportError, OSError or ValueError with the reason."""
        player: NotePlayer = _implementation(cls)()
        return player


class FrameModel(Model):
    """Paints frames that follow the music."""

    seed = Param(0, low=0, high=2**31 - 1, doc="The same seed and the same music give the same frames.")
    speed = Param(1.0, low=0.0, high=4.0, doc="How fast the picture moves by itself; 0 holds it still.")
    reaction = Param(0.7, low=0.0, high=1.0, doc="How strongly the notes move the picture.")

    @classmethod
    def load(cls, width: int, height: int, params: Mapping[str, Value] | None = None) -> FramePainter:
        """Import the implementation and build it for frames of that size in pixels.

        Of ``params`` only those that are needed at load count; one that is missing has its default. Raises
        ImportError, OSError or ValueError with the reason.
        """
        needed = {name: param.default for name, param in cls.params().items() if param.at_load}
        given = {name: value for name, value in (params or {}).items() if name in needed}
        painter: FramePainter = _implementation(cls)(width, height, **(needed | given))
        return painter


def _implementation(model: type[Model]) -> type:
    module, _, name = model.implementation.partition(":")
    try:
        found: type = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if not model.extra or (error.name or "").partition(".")[0] == "models":
            raise
        raise ImportError(
            f"{model.name} needs packages that are not installed ({error.name} is missing):"
            f" pip install 'antiphon[{model.extra}]'"
        ) from error
    return found


def discover() -> tuple[type[Model], ...]:
    """Every model declared in a folder beside this file, ordered by name."""
    import models

    found = []
    for folder in pkgutil.iter_modules(models.__path__):
        if not folder.ispkg:
            continue
        try:
            module = importlib.import_module(f"models.{folder.name}.declaration")
        except ModuleNotFoundError as error:
            if error.name != f"models.{folder.name}.declaration":
                raise
            continue
        found += [
            value
            for value in vars(module).values()
            if isinstance(value, type) and issubclass(value, Model) and value.__module__ == module.__name__
        ]
    return tuple(sorted(found, key=lambda model: model.name))
