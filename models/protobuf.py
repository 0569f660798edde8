"""Protocol-buffer fields and LevelDB integers; what is read has every length checked."""

from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at``, 7 bits a byte, and where the next thing begins. Raises ValueError if it has no end."""
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (1 << 64) - 1, at
    raise ValueError(f"a variable-length number must end within 10 bytes and the data, none ends at byte {at}")


def encoded(value: int) -> bytes:
    """A number of 0 or more as 7 bits a byte."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protocol-buffer message. Raises ValueError if it is malformed."""
    at = 0
    while at < len(message):
        tag, at = varint(message, at)
        value: int | bytes
        match tag & 7:
            case 0:
                value, at = varint(message, at)
            case 1 | 5 as kind:
                size = 8 if kind == _FIXED64 else 4
                value, at = int.from_bytes(_take(message, at, size), "little"), at + size
            case 2:
                size, at = varint(message, at)
                value, at = _take(message, at, size), at + size
            case kind:
                raise ValueError(f"a field's wire type must be 0, 1, 2 or 5, got {kind}")
        yield tag >> 3, value


def number(value: int | bytes) -> int:
    """The field's value if it is a number. Raises ValueError otherwise."""
    if isinstance(value, bytes):
        raise ValueError("a field that must be a number holds bytes")
    return value


def message(value: int | bytes) -> bytes:
    """The field's value if it is bytes or a message. Raises ValueError otherwise."""
    if isinstance(value, int):
        raise ValueError(f"a field that must be a message holds the number {value}")
    return value


def _take(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise ValueError(f"a field must lie within its message: bytes {at} to {at + size} of {len(data)}")
    return data[at : at + size]
