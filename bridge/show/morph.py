"""From how it is to how it shall be, at once or over beats."""

from collections.abc import Callable, Mapping

from bridge.addresses import Table
from models.contract import Value


class Morph:
    """Moves parameters: numbers glide, and what cannot glide changes halfway.

    A parameter that somebody else sets meanwhile is theirs from then on.
    """

    def __init__(self, table: Table, values: Mapping[str, Value], put: Callable[[str, Value], None]) -> None:
        """``values`` are the live ones; ``put(path, value)`` sets one."""
        self._table, self._values, self._put = table, values, put
        self._from: dict[str, Value] = {}
        self._to: dict[str, Value] = {}
        self._begun = self._length = 0.0
        self._putting = False

    @property
    def running(self) -> bool:
        """Whether something is still on its way."""
        return bool(self._to)

    def begin(self, target: Mapping[str, Value], beat: float, beats: float) -> None:
        """Go to the target from now, ``beat``, in ``beats``; 0 is at once. What was under way is left where it is."""
        self._to = {path: value for path, value in target.items() if self._values[path] != value}
        self._from = {path: self._values[path] for path in self._to}
        self._begun, self._length = beat, beats
        self.advance(beat)

    def advance(self, beat: float) -> None:
        """Set what is due at ``beat``."""
        share = 1.0 if self._length <= 0 else min(1.0, max(0.0, (beat - self._begun) / self._length))
        for path, end in list(self._to.items()):
            value = between(self._from[path], end, share)
            if share >= 1 or (value == end and not _glides(end)):
                del self._to[path]
            if value != self._values[path]:
                self._set(path, value)

    def touched(self, path: str) -> None:
        """Somebody set a parameter: it goes no further."""
        if not self._putting:
            self._to.pop(path, None)

    def stop(self) -> None:
        """Leave everything where it is."""
        self._to.clear()

    def _set(self, path: str, value: Value) -> None:
        self._putting = True
        try:
            self._put(path, value)
        finally:
            self._putting = False


def between(one: Value, other: Value, share: float) -> Value:
    """The value ``share`` (0..1) of the way from one to another; what is no number changes at a half."""
    if share >= 1:
        return other
    if _glides(one) and _glides(other):
        assert not isinstance(one, str) and not isinstance(other, str)
        value = one + (other - one) * share
        return round(value) if isinstance(other, int) else float(value)
    return one if share < 0.5 else other


def _glides(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
