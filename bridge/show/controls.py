"""MIDI controllers as sources of values from 0 to 1."""

import re
from typing import Literal

import msgspec

Kind = Literal["note", "cc", "cc14", "bend", "program", "pressure"]

_TEXT = re.compile(r"(note|cc14|cc|bend|program|pressure)(?::(\d{1,2}))?(?::(\d{1,3}))?")
_NUMBERS = {"note": 128, "cc": 128, "cc14": 32}
"""How many there are of the kinds that have numbers."""


class Control(msgspec.Struct, frozen=True):
    """One controller: a note or controller by number on a channel, or a channel's bend, program or pressure."""

    kind: Kind
    channel: int
    """1..16; 0: any."""
    number: int = 0
    """0..127; of a controller with 14 bits that of its coarse half, 0..31."""
    device: str = ""
    """Part of the name of the input that it is on, as for --midi-input; empty: any."""

    def __str__(self) -> str:
        own = f"{self.kind}:{self.channel}:{self.number}" if self.kind in _NUMBERS else f"{self.kind}:{self.channel}"
        return f"{own}@{self.device}" if self.device else own

    def matches(self, other: "Control") -> bool:
        """Whether what came from another controller is meant for this one."""
        same = self.kind == other.kind and self.number == other.number and self.channel in (0, other.channel)
        return same and self.device.lower() in other.device.lower()


class Moved(msgspec.Struct, frozen=True):
    """A controller was moved."""

    control: Control
    value: float
    """0 to 1: of a note its velocity, 0 at its end."""
    whole: int
    """As it came: 0..127, or 0..16383."""


def parse(text: str) -> Control:
    """A controller from a text as ``cc:1:74``, ``note:10:36``, ``cc14:1:20``, ``bend:1``, ``program:0`` (channel 0:
    any), with ``@`` and its device's name behind it where others' do not count. Raises ValueError."""
    own, _, device = text.partition("@")
    found = _TEXT.fullmatch(own.strip())
    kind = found.group(1) if found else ""
    channel = int(found.group(2) or 0) if found else -1
    number = found.group(3) if found else None
    if not found or channel > 16 or (kind in _NUMBERS) != (number is not None):
        rule = "note:CHANNEL:NUMBER, cc:…, cc14:…, bend:CHANNEL, program:CHANNEL or pressure:CHANNEL, channel 0..16"
        raise ValueError(f"a controller must be {rule}, got {text!r}")
    if int(number or 0) >= _NUMBERS.get(kind, 1):
        raise ValueError(f"a number of {kind} must be in range 0..{_NUMBERS[kind] - 1}, got {number}")
    return Control(kind, channel, int(number or 0), device.strip())  # type: ignore[arg-type]


class Controls:
    """Makes movements of MIDI messages; remembers the coarse halves of controllers with 14 bits."""

    def __init__(self) -> None:
        self._coarse: dict[tuple[str, int, int], int] = {}

    def read(self, data: bytes, device: str = "") -> list[Moved]:
        """What one whole MIDI message moves: none, one, or for a fine half both readings of it."""
        if not data or not 0x80 <= data[0] < 0xF0:
            return []
        channel, kind = (data[0] & 0x0F) + 1, data[0] & 0xF0
        match kind, tuple(data[1:]):
            case (0x80, (pitch, _)):
                return [Moved(Control("note", channel, pitch, device), 0.0, 0)]
            case (0x90, (pitch, velocity)):
                return [Moved(Control("note", channel, pitch, device), velocity / 127, velocity)]
            case (0xB0, (number, value)):
                return self._controller(channel, number, value, device)
            case (0xC0, (number,)):
                return [Moved(Control("program", channel, 0, device), number / 127, number)]
            case (0xD0, (value,)):
                return [Moved(Control("pressure", channel, 0, device), value / 127, value)]
            case (0xE0, (fine, coarse)):
                whole = coarse << 7 | fine
                return [Moved(Control("bend", channel, 0, device), whole / 16383, whole)]
        return []

    def _controller(self, channel: int, number: int, value: int, device: str) -> list[Moved]:
        moved = [Moved(Control("cc", channel, number, device), value / 127, value)]
        if number < 32:
            self._coarse[device, channel, number] = value
            fine = value << 7 | value  # until the fine half comes, the whole range all the same
            moved.append(Moved(Control("cc14", channel, number, device), fine / 16383, fine))
        elif number < 64 and (device, channel, number - 32) in self._coarse:
            whole = self._coarse[device, channel, number - 32] << 7 | value
            moved.append(Moved(Control("cc14", channel, number - 32, device), whole / 16383, whole))
        return moved


def message(control: Control, value: float) -> bytes | None:
    """The MIDI message that shows a value, 0 to 1, on a controller; None for what shows none."""
    status, coarse = max(control.channel, 1) - 1, round(value * 127)
    match control.kind:
        case "cc" | "cc14":
            return bytes((0xB0 | status, control.number, coarse))
        case "note":
            return bytes((0x90 | status, control.number, coarse))
        case "bend":
            whole = round(value * 16383)
            return bytes((0xE0 | status, whole & 0x7F, whole >> 7))
    return None
