"""OSC packets in a TCP stream: OSC 1.0's length prefix and OSC 1.1's SLIP (RFC 1055), told apart by the first byte."""

from typing import Literal

from bridge.osc.wire import OscError

TCP_LIMIT = 4 << 20
"""Bytes of a packet in a stream; the first byte of such a length is always zero."""

_END, _ESCAPE = b"\xc0", b"\xdb"
_ESCAPED_END, _ESCAPED_ESCAPE = b"\xdb\xdc", b"\xdb\xdd"


class FramingError(OscError):
    """A stream in which no further packet can be found; the connection must end."""


class Deframer:
    """Finds the packets in a stream that arrives in any pieces."""

    def __init__(self, limit: int = TCP_LIMIT) -> None:
        self.framing: Literal["length", "slip"] | None = None
        """What the client uses; None until its first byte."""
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer += data

    def next_packet(self) -> bytes | None:
        """Return the next whole packet, None where more must arrive.

        Raises OscError for one broken packet (call again for the next) and FramingError where none can follow.
        """
        if not self._buffer:
            return None
        if self.framing is None:
            first = self._buffer[0]
            if first not in b"\x00\xc0/#":
                raise FramingError(
                    f"a stream must start with a length prefix (00), SLIP's END (c0), '/' or '#', got {first:02x}"
                )
            self.framing = "slip" if first else "length"
        return self._next_slip() if self.framing == "slip" else self._next_length()

    def _next_length(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < 4:
            return None
        length = int.from_bytes(buffer[:4], "big")
        if length > self._limit:
            raise FramingError(f"a length prefix must be in range 0..{self._limit}, got {length}")
        if len(buffer) < 4 + length:
            return None
        packet = bytes(buffer[4 : 4 + length])
        del buffer[: 4 + length]
        return packet

    def _next_slip(self) -> bytes | None:
        buffer = self._buffer
        while (end := buffer.find(_END, self._searched)) == 0:  # 1.1 also starts a packet with END
            del buffer[:1]
            self._searched = 0
        if end < 0:
            self._searched = len(buffer)
            if self._searched > 2 * self._limit:
                raise FramingError(f"a packet must have at most {self._limit} bytes, got {self._searched} without END")
            return None
        packet = bytes(buffer[:end])
        del buffer[: end + 1]
        self._searched = 0
        if _ESCAPE not in packet:
            return packet
        if packet.count(_ESCAPE) != packet.count(_ESCAPED_END) + packet.count(_ESCAPED_ESCAPE):
            raise OscError(f"SLIP's ESC (db) must be followed by dc or dd, got a packet of {end} bytes without")
        return packet.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESCAPE, _ESCAPE)


def frame(packet: bytes, framing: Literal["length", "slip"] | None) -> bytes:
    """Return a packet as it goes into a stream; length-prefixed where the client has not shown its framing yet."""
    if framing == "slip":
        return _END + packet.replace(_ESCAPE, _ESCAPED_ESCAPE).replace(_END, _ESCAPED_END) + _END
    return len(packet).to_bytes(4, "big") + packet
