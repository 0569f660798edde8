"""A measured figure and the goal it is held against."""

import math
import operator
from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

_RELATIONS: dict[str, Callable[[float, float], bool]] = {"<=": operator.le, ">=": operator.ge}


class Figure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One figure, as it stands in a bench's JSON.

    ``value`` is null where it could not be taken, and ``why`` says why. ``goal`` is ``<= number`` or ``>= number`` in
    the figure's unit, or empty where there is none.
    """

    name: str
    value: float | None
    unit: str
    goal: str
    why: str = ""
    detail: str = ""
    """What was measured, and how."""

    @property
    def verdict(self) -> Literal["hit", "missed", "not taken", ""]:
        """Whether the goal is reached; empty without one."""
        if self.value is None:
            return "not taken"
        if not self.goal:
            return ""
        relation, _, bound = self.goal.partition(" ")
        return "hit" if _RELATIONS[relation](self.value, float(bound)) else "missed"

    @property
    def shown(self) -> str:
        """The value for people: three significant digits."""
        return "-" if self.value is None else _digits(self.value)


def percentile(samples: Sequence[float], percent: float) -> float:
    """The value below which that percentage of the samples lies (nearest rank). Raises ValueError without samples."""
    if not samples:
        raise ValueError("a percentile needs at least one sample")
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, max(0, math.ceil(len(ordered) * percent / 100) - 1))]


def percentile_ms(samples: Sequence[float], percent: float) -> float | None:
    """That percentile of samples in seconds, in milliseconds to the microsecond; None without samples."""
    return round(percentile(samples, percent) * 1000, 3) if samples else None


def _digits(value: float) -> str:
    magnitude = abs(value)
    if magnitude >= 1000:
        return f"{value:,.0f}"
    if magnitude >= 100:
        return f"{value:.0f}"
    if magnitude >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if magnitude >= 1 or not magnitude else f"{value:.3f}"
