"""The modulators: up to eight, each moving one parameter of the models about where the performer has set it."""

import math
from collections.abc import Mapping
from typing import cast

from bridge.addresses import Address, ArgumentError, Table
from bridge.show.declared import MODULATORS
from bridge.show.modulation.expression import Expression, ExpressionError
from bridge.show.modulation.sources import FOLLOWED, SHAPES, Notes, walk
from models.contract import Value

NAMES = frozenset(("beat", "bar", "time", *FOLLOWED))
"""What a formula may speak of: beats and bars since the start, seconds, and what can be followed."""
AUDIBLE = FOLLOWED[3:]


class _Slot:
    """What a modulator remembers."""

    def __init__(self) -> None:
        self.smoothed: float | None = None
        self.time = 0.0
        self.held: tuple[int, float] | None = None
        self.formula: tuple[str, Expression | None] = ("", None)


class Modulation:
    """Computes what the modulators make of the parameters; the parameters themselves stay where they were set."""

    def __init__(self, table: Table, values: Mapping[str, Value]) -> None:
        """``values`` are the live parameters."""
        self._table, self._values = table, values
        self._slots = {number: _Slot() for number in range(1, MODULATORS + 1)}
        self.notes = Notes()
        self.heard: Mapping[str, float] = {}
        """Loudness, bands and onsets of what comes in as sound, 0 to 1, by name."""
        self.signals: dict[int, float] = {}
        """What each modulator that is on says now."""
        self.moved: dict[str, float] = {}
        """The parameters that are moved, and where they stand now."""

    @property
    def active(self) -> bool:
        """Whether any modulator has something to move."""
        return any(self._active(number) for number in self._slots)

    @property
    def listens(self) -> bool:
        """Whether sound is followed, or may be by a formula."""
        return any(
            self._active(number)
            and (
                (self._value(number, "source") == "follow" and self._value(number, "follow") in AUDIBLE)
                or (self._value(number, "source") == "formula" and self._speaks_of_sound(number))
            )
            for number in self._slots
        )

    def check(self, path: str, value: Value) -> None:
        """Refuse what a modulator cannot have. Raises ArgumentError, stating the rule and the value."""
        part = path.rsplit("/", 1)[-1]
        if part == "target" and value:
            self._target(str(value))
        elif part == "formula" and value:
            try:
                Expression(str(value), NAMES)
            except ExpressionError as error:
                raise ArgumentError(str(error)) from error

    def advance(self, time: float, beat: float, beats_per_bar: int) -> dict[str, float]:
        """Where the parameters that are moved stand at a moment: seconds and beats. Several on one add up."""
        self.signals = {
            number: self._signal(number, time, beat, beats_per_bar) for number in self._slots if self._active(number)
        }
        moved: dict[str, float] = {}
        for number, signal in self.signals.items():
            path = str(self._value(number, "target"))
            try:
                argument = self._target(path).arguments[0]
            except ArgumentError:  # the first value of a setting, which nobody has refused
                continue
            low, high = cast(float, argument.low), cast(float, argument.high)
            base = moved.get(path, float(self._values[path]))
            wanted = base + float(self._value(number, "depth")) * (high - low) * signal
            moved[path] = min(high, max(low, wanted))
        self.moved = moved
        return moved

    # ---- inside

    def _signal(self, number: int, time: float, beat: float, beats_per_bar: int) -> float:
        slot = self._slots[number]
        match self._value(number, "quantise"):
            case "frame":
                signal = self._raw(number, time, beat, beats_per_bar)
            case every:
                grid = 1 if every == "beat" else beats_per_bar
                step = math.floor(beat / grid)
                if slot.held is None or slot.held[0] != step:
                    slot.held = step, self._raw(number, time, step * grid, beats_per_bar)
                signal = slot.held[1]
        smooth = float(self._value(number, "smooth"))
        if smooth > 0 and slot.smoothed is not None:
            signal = slot.smoothed + (signal - slot.smoothed) * (1 - math.exp(-max(0.0, time - slot.time) / smooth))
        slot.smoothed, slot.time = signal, time
        return signal

    def _raw(self, number: int, time: float, beat: float, beats_per_bar: int) -> float:
        beats = float(self._value(number, "beats"))
        match self._value(number, "source"):
            case "lfo":
                shape = SHAPES[str(self._value(number, "shape"))]
                return shape(beat / beats + float(self._value(number, "phase")))
            case "walk":
                return walk(number, beat + float(self._value(number, "phase")) * beats, beats)
            case "envelope":
                return self.notes.envelope(beat, beats)
            case "follow":
                return self._followed(str(self._value(number, "follow")), beat, beats)
            case "formula":
                formula = self._formula(number)
                names = {"beat": beat, "bar": beat / beats_per_bar, "time": time}
                names |= {what: self._followed(what, beat, beats) for what in FOLLOWED}
                return min(1.0, max(-1.0, formula(names))) if formula else 0.0
        return 0.0

    def _followed(self, what: str, beat: float, beats: float) -> float:
        return self.heard.get(what, 0.0) if what in AUDIBLE else self.notes.followed(what, beat, beats)

    def _formula(self, number: int) -> Expression | None:
        slot, text = self._slots[number], str(self._value(number, "formula"))
        if slot.formula[0] != text:
            slot.formula = text, Expression(text, NAMES)
        return slot.formula[1]

    def _speaks_of_sound(self, number: int) -> bool:
        return any(name in str(self._value(number, "formula")) for name in AUDIBLE)

    def _active(self, number: int) -> bool:
        source = self._value(number, "source")
        if source == "off" or (source == "formula" and not self._value(number, "formula")):
            return False
        return bool(self._value(number, "target"))

    def _value(self, number: int, name: str) -> Value:
        return self._values[f"/mod/{number}/{name}"]

    def _target(self, path: str) -> Address:
        entry = self._table.entries.get(path)
        own = path.startswith(("/music/", "/frames/", "/pad/")) and entry is not None and entry.kind == "parameter"
        argument = entry.arguments[0] if entry is not None and own else None
        if (
            entry is None
            or argument is None
            or argument.type != "float"
            or argument.low is None
            or argument.high is None
        ):
            raise ArgumentError(
                f"target must be a float parameter with a range under /music, /frames or /pad, got {path!r}"
            )
        return entry


def rate(fps: float) -> float:
    """Seconds from one advance() to the next: once a frame."""
    return 1 / min(60.0, max(10.0, fps))
