"""What a model is, as the rest of Antiphon sees it.

A model folder holds a light ``declaration.py`` with one subclass of :class:`NoteModel` or :class:`FrameModel`; its
class attributes are its parameters. The implementation it names is imported only where the model runs.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, TypeVar

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
    costs: bool = False
    """More of it takes more time for a frame: less is taken, down to ``low``, where frames would come late."""
    at: str = ""
    """Its address, where that is not under the model's slot: models of both slots may share it."""


class Action(msgspec.Struct, frozen=True):
    """Something that a performer has a loaded model do, once.

    Actions are never lost and are done in the order in which they came; of parameters only the newest value counts.
    Where the attribute's name would be a word of Python, it ends with an underscore, which the address leaves out.
    """

    doc: str
    arguments: Mapping[str, Param] = msgspec.field(default_factory=dict)
    """By name, in the order in which a message holds them; one that is left out has its default."""
    answers: bool = True
    """A note model's: what it yields is played from the next bar on, in place of what is being answered. False: it
    only changes what the model knows, and what it yields is not played."""
    hears: int = 0
    """A note model's: how many bars of what was heard, up to the next bar line, it is given; 0: as long as a call."""
    shared: bool = False
    """Its address is at the slot, as ``/music/continue``, though not every model has it; those that do declare it
    alike."""


class Input(msgspec.Struct, frozen=True):
    """Frames that a frame model can take in: a camera's, a file's, or its own last one."""

    doc: str


Declared = TypeVar("Declared", Param, Action, Input)


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
    next_bar: int = 0
    """The transport's bar that follows it, in which an answer begins; a chord track counts from its bar 0."""


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


class NoteActor(NotePlayer, Protocol):
    """A loaded note model that declares actions."""

    def act(
        self, action: str, arguments: Mapping[str, Value], heard: Phrase, bars: int, params: Mapping[str, Value]
    ) -> Iterator[Note]:
        """Do an action of the declaration, with every argument by name, and yield its notes as answer() does.

        ``heard`` is what was played up to the next bar line, and may have no notes. All notes are asked for, unless
        something newer is to be answered. Raises ValueError, stating the rule and the value, for what cannot be done.
        """
        ...


class FramePainter(Protocol):
    """A loaded frame model, in its own process."""

    def render(self, moment: Moment, params: Mapping[str, Value]) -> "NDArray[np.uint8]":
        """Return the next frame, RGB, shape [height, width, 3].

        A model that declares an :class:`Input` is called with one argument more, named as the declaration's attribute:
        the newest frame that came in, RGB [h, w, 3] of any size, or None where there is none.
        """
        ...


class FrameActor(FramePainter, Protocol):
    """A loaded frame model that declares actions."""

    def act(self, action: str, arguments: Mapping[str, Value]) -> None:
        """Do an action of the declaration, with every argument by name, before the next frame.

        Positions are from 0 (left, top) to 1. Raises ValueError, stating the rule and the value, for what cannot be
        done.
        """
        ...


class Resizable(FramePainter, Protocol):
    """A loaded frame model that can paint fewer pixels, where that saves time and leaves the picture as it is."""

    def resize(self, width: int, height: int) -> None:
        """Paint at this size, in pixels, from the next frame on; what is painted goes on, finer or coarser."""
        ...


class Threaded(FramePainter, Protocol):
    """A loaded frame model that runs on as many threads as it is told to; on one, unless it is told."""

    def set_threads(self, threads: int) -> None:
        """Run on so many threads from the next frame on."""
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
        return cls._declared(Param)

    @classmethod
    def actions(cls) -> dict[str, Action]:
        """Every action by name, shared ones first."""
        return {name.rstrip("_"): action for name, action in cls._declared(Action).items()}

    @classmethod
    def _declared(cls, kind: type[Declared]) -> dict[str, Declared]:
        found: dict[str, Declared] = {}
        for parent in reversed(cls.__mro__):
            found.update({name: value for name, value in vars(parent).items() if isinstance(value, kind)})
        return found


class NoteModel(Model):
    """Answers a phrase with notes."""

    drums: ClassVar[bool] = False
    """It plays drums, of General MIDI."""

    temperature = Param(0.5, low=0.0, high=2.0, doc="0 takes the likeliest note, 2 is wild.")
    variation = Param(0.4, low=0.0, high=1.0, doc="How far the answer departs from what was heard.")
    seed = Param(-1, low=-1, high=2**31 - 1, doc="The same call and seed give the same answer; -1 draws a new one.")
    chords = Param(
        "",
        doc="Chords to follow, a bar each, from the first bar of /clock/beat on, over and over: C G Am F. With bar"
        " lines, a bar's share it: C Am | F. None: the key that is heard.",
    )

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
    def input(cls) -> str:
        """The name under which ``render`` is given the frames that come in; empty where the model takes none."""
        return next(iter(cls.inputs()), "")

    @classmethod
    def inputs(cls) -> dict[str, Input]:
        """What comes in, by name; one at most."""
        return cls._declared(Input)

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
