"""How well frames are painted, so that they come in time: fewer steps, fewer pixels, blends between paintings.

Pure: the time that each painting took is given to it.
"""

from collections import deque
from collections.abc import Mapping, Sequence

import msgspec

from models.contract import FrameModel, Value

TOO_LONG = 0.9
"""The share of the time there is from which on a level is left for a lower one."""
ROOM = 0.65
"""The share that the next higher level may be expected to take before it is tried."""
LOOKED_AT = 9
"""Paintings of which the middle one is looked at: a single slow one says nothing."""
ENOUGH = 4
"""Paintings at a level before it is judged, or as many as take ENOUGH_S."""
ENOUGH_S = 0.5
WAIT = 3.0
"""Seconds at a level before a higher one is tried; twice as many each time that one proved too high, up to LONGEST."""
LONGEST = 60.0
PROVED = 10.0
"""Seconds after which a level that was stepped up to has proved itself."""


class Level(msgspec.Struct, frozen=True):
    """One step of quality."""

    steps: float = 1.0
    """The share that is taken of each parameter that costs time, down to its lowest value."""
    scale: float = 1.0
    """Width and height that are painted, of those that are shown."""
    every: int = 1
    """Every how many frames one is painted; those between are blended."""

    @property
    def cost(self) -> float:
        """Roughly how long a painting takes, of the best level's time."""
        return max(self.steps, 0.25) * self.scale**2

    def params(self, model: type[FrameModel], params: Mapping[str, Value]) -> Mapping[str, Value]:
        """The parameters as this level lowers them."""
        lowered = {}
        for name, param in model.params().items():
            if param.costs and self.steps < 1 and param.low is not None:
                least = max(param.low, self.steps * float(params[name]))
                lowered[name] = round(least) if isinstance(param.default, int) else least
        return {**params, **lowered} if lowered else params

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The width and height that are painted, for those that are shown."""
        return max(16, round(self.scale * width)), max(16, round(self.scale * height))

    def __str__(self) -> str:
        parts = []
        if self.steps < 1:
            parts.append(f"{self.steps:.0%} of the steps" if self.steps else "fewest steps")
        if self.scale < 1:
            parts.append(f"{self.scale:.0%} of width and height")
        if self.every > 1:
            parts.append(f"1 frame of {self.every} painted")
        return ", ".join(parts) or "full"


def levels(model: type[FrameModel], *, resizable: bool) -> tuple[Level, ...]:
    """The steps there are for a model, best first."""
    found = [Level()]
    if any(param.costs for param in model.params().values()):
        found += [Level(steps=0.5), Level(steps=0.0)]
    if resizable:
        found += [msgspec.structs.replace(found[-1], scale=scale) for scale in (0.75, 0.5)]
    return (*found, *(msgspec.structs.replace(found[-1], every=every) for every in (2, 3, 4, 6, 8, 12)))


class Quality:
    """Goes down as soon as paintings come late, and up again when there has been room for a while."""

    def __init__(self, levels: Sequence[Level]) -> None:
        self.levels = tuple(levels)
        self.level = 0
        self._taken: deque[float] = deque(maxlen=LOOKED_AT)
        self._since = 0.0
        self._waits: dict[int, float] = {}
        """Seconds that pass before a level is tried again, where not WAIT."""
        self._went_up = False

    @property
    def now(self) -> Level:
        """The level that holds."""
        return self.levels[self.level]

    def start(self, seconds: float, budget: float, time: float) -> None:
        """Begin at the level that fits a painting that took ``seconds`` at the best, for a frame each ``budget``."""
        fitting = (n for n, level in enumerate(self.levels) if seconds * level.cost <= TOO_LONG * budget * level.every)
        self._go(next(fitting, len(self.levels) - 1), time)

    def pin(self, level: int, time: float) -> None:
        """Stay at a level (the lowest where there are not so many)."""
        level = min(level, len(self.levels) - 1)
        if level != self.level:
            self._go(level, time)

    def painted(self, seconds: float, budget: float, time: float) -> None:
        """A painting took so long; step where that does not fit a frame each ``budget`` seconds."""
        self._taken.append(seconds)
        if len(self._taken) < ENOUGH and sum(self._taken) < ENOUGH_S:
            return
        usual = sorted(self._taken)[len(self._taken) // 2]
        at_best = usual / self.now.cost
        if usual > TOO_LONG * budget * self.now.every:
            if self.level + 1 < len(self.levels):
                self._down(at_best, budget, time)
        elif self.level and time - self._since >= self._waits.get(self.level - 1, WAIT):
            higher = self.levels[self.level - 1]
            if at_best * higher.cost <= ROOM * budget * higher.every:
                self._go(self.level - 1, time)
                self._went_up = True
        elif self._went_up and time - self._since >= PROVED:
            self._went_up = False
            self._waits[self.level] = max(WAIT, self._waits.get(self.level, WAIT) / 2)

    def _down(self, at_best: float, budget: float, time: float) -> None:
        if self._went_up and time - self._since < PROVED:
            self._waits[self.level] = min(LONGEST, 2 * self._waits.get(self.level, WAIT))
        self._went_up = False
        lower = range(self.level + 1, len(self.levels))
        fits = (n for n in lower if at_best * self.levels[n].cost <= TOO_LONG * budget * self.levels[n].every)
        self._go(next(fits, len(self.levels) - 1), time)

    def _go(self, level: int, time: float) -> None:
        self.level, self._since = level, time
        self._taken.clear()
