"""OSC 1.0 and 1.1 packets: bytes to messages and bundles, and back.

Values and their type tags: ``i h`` int, ``f d`` float, ``s S`` str, ``b`` bytes, ``t`` int (64-bit NTP time), ``c`` str
of one character, ``r`` int (0xRRGGBBAA), ``m`` bytes (port, status, data, data), ``T F`` bool, ``N`` None, ``I``
infinity (1.0's infinitum, 1.1's impulse), ``[ ]`` tuple.
"""

import math
import struct
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from bridge.addresses import OscValue

Value = OscValue | tuple["Value", ...]
"""What an OSC argument may hold, arrays included."""

UDP_LIMIT = 65_507
"""Bytes a UDP datagram holds."""
MAX_PATH = 1_024
"""Bytes of an address."""
MAX_ARGUMENTS = 16_384
"""Type tags in a packet."""
MAX_ELEMENTS = 4_096
"""Messages and bundles in a packet, at all depths."""
MAX_DEPTH = 16
"""Bundles within bundles, and arrays within arrays."""
IMMEDIATELY = 1
"""The timetag that says so."""


class OscError(ValueError):
    """Bytes that are not OSC, or values that OSC cannot hold; the text states the rule, the value, and where."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """An address (or address pattern) with its arguments; ``types`` are their tags without the comma."""

    path: str
    types: str
    values: tuple[Value, ...]


class Bundle(msgspec.Struct, frozen=True, gc=False):
    """Messages and bundles for one moment; ``timetag`` counts 2**-32 seconds since 1900."""

    timetag: int
    elements: "tuple[Message | Bundle, ...]"


_FIXED = {"i": "i", "f": "f", "h": "q", "d": "d", "t": "Q"}  # those that struct turns into their values directly
_FORMATS = {tag: struct.Struct(">" + code) for tag, code in {**_FIXED, "c": "I", "r": "I", "m": "4s"}.items()}
_CONSTANTS: dict[str, Value] = {"T": True, "F": False, "N": None, "I": math.inf}
_TAGS: dict[type, str] = {int: "i", float: "f", str: "s", bytes: "b", type(None): "N", tuple: "["}
_INT = struct.Struct(">i")
_TIMETAG = struct.Struct(">Q")
_BUNDLE = b"#bundle\0"

# What a message begins with decides how the rest is laid out, so each beginning is taken apart once.
_MAX_KNOWN = 1_024
_known_heads: dict[bytes, tuple[str, str, struct.Struct, int]] = {}
_known_layouts: dict[tuple[str, str], tuple[bytes, struct.Struct]] = {}


def decode(packet: bytes, limit: int = UDP_LIMIT) -> Message | Bundle:
    """Return what a packet of at most ``limit`` bytes says. Raises OscError and nothing else, whatever the bytes."""
    size = len(packet)
    if size > limit:
        raise OscError(f"a packet must have at most {limit} bytes, got {size}")
    end = packet.find(b"\0", packet.find(b",")) + 4 & ~3
    known = _known_heads.get(packet[:end])
    if known is not None and known[3] == size:
        return Message(known[0], known[1], known[2].unpack_from(packet, end))
    if not size or size % 4:
        raise OscError(f"a packet must have a positive multiple of 4 bytes, got {size}")
    return _Reader(packet).element(0, size, 0)


class _Reader:
    """Takes one packet apart; offsets count from the packet's start, so that errors can name them."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._elements = 0
        self._tags = 0

    def element(self, start: int, end: int, depth: int) -> Message | Bundle:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise OscError(f"a packet must hold at most {MAX_ELEMENTS} messages and bundles, got more at byte {start}")
        if self._packet.startswith(_BUNDLE, start, end):
            return self._bundle(start, end, depth)
        return self._message(start, end)

    def _bundle(self, start: int, end: int, depth: int) -> Bundle:
        if depth >= MAX_DEPTH:
            raise OscError(f"bundles must nest at most {MAX_DEPTH} deep, got more at byte {start}")
        offset = start + len(_BUNDLE)
        (timetag,) = self._unpack(_TIMETAG, offset, end, "timetag")
        offset += _TIMETAG.size
        elements = []
        while offset < end:
            (size,) = self._unpack(_INT, offset, end, "element size")
            offset += _INT.size
            if size <= 0 or size % 4 or size > end - offset:
                raise OscError(
                    f"an element size must be a positive multiple of 4 and at most the {end - offset} bytes left, "
                    f"got {size} at byte {offset - _INT.size}"
                )
            elements.append(self.element(offset, offset + size, depth + 1))
            offset += size
        return Bundle(timetag, tuple(elements))

    def _message(self, start: int, end: int) -> Message:
        packet = self._packet
        head = packet.find(b"\0", packet.find(b",", start, end), end) + 4 & ~3
        known = _known_heads.get(packet[start:head])
        if known is not None and known[3] == end - start:
            self._count(known[1], start)
            return Message(known[0], known[1], known[2].unpack_from(packet, head))
        if packet[start] != 0x2F:
            raise OscError(f"an address must start with '/', got {packet[start : start + 1]!r} at byte {start}")
        path, offset = self._string(start, end)
        if offset - start > MAX_PATH:
            raise OscError(f"an address must have at most {MAX_PATH} bytes, got {offset - start} at byte {start}")
        if offset == end:  # 1.0 asks for leniency with old senders that leave the type tags out
            return Message(path, "", ())
        if packet[offset] != 0x2C:
            raise OscError(f"type tags must start with ',', got {packet[offset : offset + 1]!r} at byte {offset}")
        tags, offset = self._string(offset, end)
        types = tags[1:]
        self._count(types, start)
        if not types.strip("ifhdt"):
            layout = struct.Struct(">" + "".join(_FIXED[tag] for tag in types))
            if layout.size == end - offset:
                if offset - start <= 128:
                    if len(_known_heads) >= _MAX_KNOWN:
                        _known_heads.clear()
                    _known_heads[packet[start:offset]] = (path, types, layout, end - start)
                return Message(path, types, layout.unpack_from(packet, offset))
        return Message(path, types, self._arguments(types, offset, end))

    def _count(self, types: str, start: int) -> None:
        self._tags += len(types)
        if self._tags > MAX_ARGUMENTS:
            raise OscError(f"a packet must have at most {MAX_ARGUMENTS} type tags, got {self._tags} by byte {start}")

    def _arguments(self, types: str, offset: int, end: int) -> tuple[Value, ...]:
        values: list[Value] = []
        enclosing: list[list[Value]] = []
        for tag in types:
            if tag in "sS":
                text, offset = self._string(offset, end)
                values.append(text)
            elif tag in _FORMATS:
                layout = _FORMATS[tag]
                (value,) = self._unpack(layout, offset, end, f"argument {tag!r}")
                values.append(self._character(value, offset) if tag == "c" else value)
                offset += layout.size
            elif tag in _CONSTANTS:
                values.append(_CONSTANTS[tag])
            elif tag == "b":
                blob, offset = self._blob(offset, end)
                values.append(blob)
            elif tag == "[":
                if len(enclosing) >= MAX_DEPTH:
                    raise OscError(f"arrays must nest at most {MAX_DEPTH} deep, got more in the type tags")
                enclosing.append(values)
                values = []
            elif tag == "]" and enclosing:
                array, values = tuple(values), enclosing.pop()
                values.append(array)
            else:
                raise OscError(f"a type tag must be one of ifsbhtdScrmTFNI or a pair of [ and ], got {tag!r}")
        if enclosing:
            raise OscError(f"'[' must be closed by ']' in the type tags, got {len(enclosing)} open")
        if offset != end:
            raise OscError(f"a message must end with its last argument, got {end - offset} bytes more at byte {offset}")
        return tuple(values)

    def _unpack(self, layout: struct.Struct, offset: int, end: int, what: str) -> tuple[Any, ...]:
        if offset + layout.size > end:
            raise OscError(f"{what} must have {layout.size} bytes, got {end - offset} at byte {offset}")
        return layout.unpack_from(self._packet, offset)

    def _string(self, offset: int, end: int) -> tuple[str, int]:
        stop = self._packet.find(b"\0", offset, end)
        if stop < 0:
            raise OscError(f"a string must end with a zero byte, got none from byte {offset}")
        try:
            # What the padding holds is not looked at: some senders leave old bytes in it.
            return self._packet[offset:stop].decode(), stop + 4 & ~3
        except UnicodeDecodeError:
            raise OscError(f"a string must be UTF-8, got {self._packet[offset:stop][:40]!r} at byte {offset}") from None

    def _blob(self, offset: int, end: int) -> tuple[bytes, int]:
        (size,) = self._unpack(_INT, offset, end, "blob size")
        offset += _INT.size
        if not 0 <= size <= end - offset:
            raise OscError(f"a blob size must be in range 0..{end - offset}, got {size} at byte {offset - _INT.size}")
        return self._packet[offset : offset + size], offset + (size + 3 & ~3)

    def _character(self, code: int, offset: int) -> str:
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise OscError(f"a character must be a code point, got {code:#x} at byte {offset}")
        return chr(code)


def encode(path: str, values: Sequence[Value] = (), types: str | None = None) -> bytes:
    """Return a message's packet.

    Without ``types`` (tags without the comma) each value gets the usual tag of its type; ints beyond 32 bits become
    ``h``, floats beyond single precision's range ``d``. Raises OscError.
    """
    if types is None:
        types = "".join([_TAGS.get(type(value)) or _tag(value) for value in values])
        try:
            head, layout = _layout(path, types)
            return head + layout.pack(*values)
        except KeyError:
            types = "".join(map(_tag, values))  # strings, blobs, arrays …
        except (struct.error, OverflowError):
            types = "".join(map(_tag, values))  # numbers too large for i or f
    head = _padded(_text(path)) + _padded(b"," + _text(types))
    if not path.startswith("/"):
        raise OscError(f"an address must start with '/', got {path!r}")
    tags = iter(types)
    body = b"".join(_encoded(tags, values))
    if next(tags, None) is not None:
        raise OscError(f"each type tag must have a value, got {len(values)} values for {types!r}")
    return head + body


def encode_bundle(timetag: int, packets: Iterable[bytes]) -> bytes:
    """Return the packet of a bundle of encoded messages and bundles. Raises OscError."""
    try:
        head = _BUNDLE + _TIMETAG.pack(timetag)
    except struct.error:
        raise OscError(f"a timetag must be in range 0..2**64-1, got {timetag}") from None
    return head + b"".join(_INT.pack(len(packet)) + packet for packet in packets)


def _layout(path: str, types: str) -> tuple[bytes, struct.Struct]:
    known = _known_layouts.get((path, types))
    if known is None:
        layout = struct.Struct(">" + "".join([_FIXED[tag] for tag in types]))
        if not path.startswith("/"):
            raise OscError(f"an address must start with '/', got {path!r}")
        if len(_known_layouts) >= _MAX_KNOWN:
            _known_layouts.clear()
        known = _known_layouts[path, types] = (_padded(_text(path)) + _padded(b"," + _text(types)), layout)
    return known


def _tag(value: Value) -> str:
    match value:
        case bool():
            return "T" if value else "F"
        case int():
            return "i" if -(1 << 31) <= value < 1 << 31 else "h"
        case float():
            return "d" if math.isfinite(value) and abs(value) >= 2.0**128 - 2.0**103 else "f"
        case tuple():
            return "[" + "".join(map(_tag, value)) + "]"
    try:
        return _TAGS[type(value)]
    except KeyError:
        raise OscError(f"a value must be an int, float, str, bytes, bool, None or tuple, got {value!r}") from None


def _encoded(tags: Iterable[str], values: Sequence[Value], inside: bool = False) -> Iterable[bytes]:
    """Yield the bytes of values, taking as many of the tags as they need."""
    tags = iter(tags)
    for value in values:
        tag = next(tags, None)
        try:
            if tag is None or tag == "]":
                raise OscError(f"each value must have a type tag, got none for {value!r}")
            if tag == "[":
                if not isinstance(value, tuple):
                    raise TypeError
                yield from _encoded(tags, value, inside=True)
            elif tag in _FORMATS:
                yield _FORMATS[tag].pack(ord(value) if tag == "c" else value)  # type: ignore[arg-type]
            elif tag in "sS":
                yield _padded(_text(value))
            elif tag == "b":
                if not isinstance(value, bytes):
                    raise TypeError
                yield _INT.pack(len(value)) + value + bytes(-len(value) % 4)
            elif tag not in _CONSTANTS:
                raise OscError(f"a type tag must be one of ifsbhtdScrmTFNI or a pair of [ and ], got {tag!r}")
        except (struct.error, OverflowError, TypeError):
            raise OscError(f"a value must fit its type tag {tag!r}, got {value!r}") from None
    if inside and next(tags, None) != "]":
        raise OscError(f"'[' must be closed by ']' after the array's values {tuple(values)!r}")


def _text(text: Any) -> bytes:
    if not isinstance(text, str):
        raise OscError(f"a string must be a str, got {text!r}")
    if "\0" in text:
        raise OscError(f"a string must hold no zero byte, got {text!r}")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise OscError(f"a string must be Unicode without lone surrogates, got {text!r}") from None


def _padded(text: bytes) -> bytes:
    return text + bytes(4 - len(text) % 4)
