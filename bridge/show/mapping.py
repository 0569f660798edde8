"""What MIDI controllers move: any parameter or action, with range, curve and pick-up, learnt by touching them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from bridge.addresses import Address, Argument, ArgumentError, OscValue, Table
from bridge.show import files
from bridge.show.controls import Control, Moved, message, parse
from models.contract import Value

MOST = 1000
NEAR = 2 / 127
"""How near a controller must come to the parameter's value to pick it up."""


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One controller and what it moves."""

    control: str
    """As controls.parse() reads it."""
    target: str
    """The address of a parameter or of an action."""
    low: float | None = None
    """What the controller's lowest position stands for; None: the parameter's lowest. Above ``high`` it is reversed."""
    high: float | None = None
    curve: Annotated[float, Meta(ge=0.1, le=10)] = 1.0
    """Exponent: 1 is even, 2 finer below, 0.5 finer above."""
    pickup: bool = False
    """The parameter stays until the controller passes its value, so that it does not jump."""
    feedback: bool = True
    """The controller is told when the parameter is moved by something else."""


class LinkList(msgspec.Struct, forbid_unknown_fields=True):
    """The mappings' file."""

    schema: int
    links: Annotated[list[Link], Meta(max_length=MOST)] = []


class MidiMap:
    """Every link, and what is being learnt."""

    def __init__(
        self,
        table: Table,
        values: Mapping[str, Value],
        do: Callable[[str, tuple[OscValue, ...]], None],
        send: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        """``do(path, values)`` sets a parameter or does an action; ``send`` is given MIDI for the controllers."""
        self._table, self._values, self._do, self._send = table, values, do, send
        self.links: list[Link] = []
        self._controls: list[Control] = []
        self._picked: dict[int, float] = {}
        """The last position, 0 to 1, of each link's controller that has hold of its parameter, by place."""
        self._passed: dict[int, float] = {}
        """The last position of a controller that has not."""
        self.learning: Link | None = None
        """What the next controller that is touched will move."""
        self._moving = ""

    def file(self) -> LinkList:
        """To be written."""
        return LinkList(files.SCHEMA, list(self.links))

    def take(self, links: list[Link]) -> None:
        """Have these links and no others. Raises ValueError for one that cannot be, and then changes nothing."""
        checked = [self._checked(link) for link in links]
        self.links, self._controls = list(links), checked
        self._picked.clear()
        self._passed.clear()

    def add(self, link: Link) -> None:
        """Have a link; the one between the same two is replaced. Raises ValueError."""
        if len(self.links) >= MOST:
            raise ValueError(f"there must be at most {MOST} mappings, got one more")
        same = (link.control, link.target)
        self.take([*(old for old in self.links if (old.control, old.target) != same), link])

    def remove(self, target: str) -> int:
        """Remove every link to a target, ``*`` for all; return how many there were."""
        left = [link for link in self.links if target not in ("*", link.target)]
        removed = len(self.links) - len(left)
        self.take(left)
        return removed

    def learn(self, link: Link | None) -> None:
        """Have the next controller that is touched move the link's target; None: no longer. Raises ValueError."""
        if link is not None:
            self._checked(msgspec.structs.replace(link, control="bend:1"))
        self.learning = link

    def heard(self, moved: list[Moved]) -> Link | None:
        """A controller was moved; return the link that was learnt, where one was. Raises ValueError."""
        learnt = None
        if self.learning is not None and moved and (moved[0].value > 0 or moved[0].control.kind != "note"):
            touched = moved[0].control
            if "\n" in touched.device:  # one of several, and it is not known which
                touched = msgspec.structs.replace(touched, device="")
            learnt = msgspec.structs.replace(self.learning, control=str(touched))
            self.learning = None
            self.add(learnt)
        for movement in moved:
            for place, control in enumerate(self._controls):
                if control.matches(movement.control):
                    self._move(place, movement)
        return learnt

    def changed(self, path: str) -> None:
        """A parameter changed: controllers that did not do it are told, and let go of it."""
        if path == self._moving:
            return
        for place, link in enumerate(self.links):
            if link.target == path:
                self._picked.pop(place, None)
                if link.feedback and (position := self._position(link)) is not None:
                    data = message(self._controls[place], position)
                    if data is not None:
                        self._send(data)

    def _move(self, place: int, movement: Moved) -> None:
        link, entry = self.links[place], self._table[self.links[place].target]
        if entry.kind == "action":
            if movement.value > 0:
                self._do(link.target, ())
            return
        value = _value(link, entry.arguments[0], movement, self._values[link.target])
        if value is None or not self._has_hold(place, link, movement.value):
            return
        self._moving = link.target
        try:
            self._do(link.target, (value,))
        finally:
            self._moving = ""

    def _has_hold(self, place: int, link: Link, position: float) -> bool:
        """Whether a controller moves its parameter: always, or with pick-up from where it has passed its value."""
        if not link.pickup or place in self._picked:
            self._picked[place] = position
            return True
        before, wanted = self._passed.get(place, position), self._position(link)
        self._passed[place] = position
        if wanted is None or min(before, position) - NEAR <= wanted <= max(before, position) + NEAR:
            self._picked[place] = position
            return True
        return False

    def _position(self, link: Link) -> float | None:
        """Where a controller stands, 0 to 1, when its parameter is as it is; None where that cannot be said."""
        argument, value = self._table[link.target].arguments[0], self._values[link.target]
        if argument.type == "bool":
            return float(bool(value))
        if argument.choices and isinstance(value, str):
            return argument.choices.index(value) / max(1, len(argument.choices) - 1)
        if isinstance(value, str):
            return None
        low, high = _range(link, argument)
        if low == high:
            return None
        return float(min(1.0, max(0.0, (value - low) / (high - low))) ** (1 / link.curve))

    def _checked(self, link: Link) -> Control:
        control = parse(link.control)
        entry = self._table.entries.get(link.target)
        if entry is None or entry.kind == "event":
            raise ValueError(f"a mapping's target must be a parameter or an action, got {link.target!r}")
        if entry.kind == "action":
            _without_arguments(entry)
        else:
            _range(link, entry.arguments[0])
        return control


def _without_arguments(entry: Address) -> None:
    try:
        entry.check(())
    except ArgumentError as error:
        raise ValueError(f"an action that is mapped must do without arguments, {entry.path} {error}") from error


def _range(link: Link, argument: Argument) -> tuple[float, float]:
    """What the ends of a controller stand for. Raises ValueError."""
    if argument.type == "bool" or argument.choices:
        return 0.0, 1.0
    if argument.type == "string":
        raise ValueError(f"a controller can move numbers and choices, {link.target} is a text")
    low = argument.low if link.low is None else link.low
    high = argument.high if link.high is None else link.high
    if low is None or high is None:
        raise ValueError(f"{link.target} has no range of its own: the mapping must give low and high")
    for end in (low, high):
        argument.check(int(end) if argument.type == "int" and end == int(end) else end)
    return low, high


def _value(link: Link, argument: Argument, movement: Moved, now: Value) -> Value | None:
    """What a movement makes of the parameter; None: nothing."""
    if argument.type == "bool":
        if movement.control.kind == "note":  # a pad switches over
            return (not now) if movement.value > 0 else None
        return movement.value >= 0.5
    if argument.choices:
        if movement.control.kind == "program":
            return argument.choices[min(movement.whole, len(argument.choices) - 1)]
        return argument.choices[min(int(movement.value * len(argument.choices)), len(argument.choices) - 1)]
    if movement.control.kind == "note" and movement.value == 0:
        return None
    low, high = _range(link, argument)
    if movement.control.kind == "program":
        return (
            float(min(max(low, high), min(low, high) + movement.whole))
            if argument.type == "float"
            else int(min(max(low, high), min(low, high) + movement.whole))
        )
    value = low + (high - low) * movement.value**link.curve
    return round(value) if argument.type == "int" else float(value)


def load(path: Path) -> list[Link]:
    """The links of a file, none where there is no file. Raises FileError, OSError."""
    try:
        return files.read(path, LinkList).links
    except FileNotFoundError:
        return []
