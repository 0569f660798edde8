import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.osc.framing import TCP_LIMIT, Deframer, FramingError, frame
from bridge.osc.wire import OscError, encode

PACKETS = [
    encode("/ping", (0xC0, 0xDB, -1)),
    encode("/blob", (b"\xc0\xdb\xdc\xdd\xdb\xdb\xc0\xc0",)),
    encode("/no/arguments"),
    encode("/text", ("À la carte",)),
]


def single_end(packets):
    """SLIP with END after each packet only, as RFC 1055 has it."""
    return b"".join(frame(packet, "slip")[1:] for packet in packets)


STREAMS = {
    "length": b"".join(frame(packet, "length") for packet in PACKETS),
    "slip": b"".join(frame(packet, "slip") for packet in PACKETS),
    "slip, single END": single_end(PACKETS),
    "slip, many ENDs": b"\xc0\xc0".join([b"", *(frame(packet, "slip") for packet in PACKETS), b""]),
}


def packets_of(*pieces):
    deframer, found = Deframer(), []
    for piece in pieces:
        deframer.feed(piece)
        while (packet := deframer.next_packet()) is not None:
            found.append(packet)
    return found


@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_every_split(stream):
    assert packets_of(stream) == PACKETS
    assert packets_of(*(bytes([byte]) for byte in stream)) == PACKETS
    for at in range(len(stream) + 1):
        assert packets_of(stream[:at], stream[at:]) == PACKETS


@given(st.sampled_from(list(STREAMS.values())), st.lists(st.integers(0, 200)))
def test_any_pieces(stream, cuts):
    edges = sorted([0, len(stream), *(min(cut, len(stream)) for cut in cuts)])
    assert packets_of(*(stream[low:high] for low, high in itertools.pairwise(edges))) == PACKETS


def test_a_broken_slip_packet_spares_the_next():
    deframer = Deframer()
    deframer.feed(b"/a\xdb\x01\xc0" + frame(PACKETS[0], "slip"))
    with pytest.raises(OscError, match="ESC"):
        deframer.next_packet()
    assert deframer.next_packet() == PACKETS[0]


@pytest.mark.parametrize("stream", [b"GET / HTTP/1.1\r\n", b"\x01\0\0\0", b"\xff"])
def test_another_protocol_is_refused(stream):
    with pytest.raises(FramingError, match=f"{stream[0]:02x}"):
        packets_of(stream)


def test_too_long():
    with pytest.raises(FramingError, match="length prefix"):
        packets_of(TCP_LIMIT.to_bytes(4, "big")[:3] + b"\xff")
    deframer = Deframer(limit=8)
    deframer.feed(b"/" + bytes(17))
    with pytest.raises(FramingError, match="without END"):
        deframer.next_packet()


@given(st.binary(max_size=100))
def test_any_bytes_give_packets_or_osc_errors(stream):
    deframer = Deframer()
    deframer.feed(stream)
    for _ in range(len(stream) + 1):
        try:
            if deframer.next_packet() is None:
                return
        except FramingError:
            return
        except OscError:
            pass
    raise AssertionError("never came to an end")
