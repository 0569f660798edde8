import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from bridge.osc.wire import (
    MAX_ARGUMENTS,
    MAX_DEPTH,
    MAX_ELEMENTS,
    UDP_LIMIT,
    Bundle,
    Message,
    OscError,
    decode,
    encode,
    encode_bundle,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
FLOATS = st.floats(width=32, allow_nan=False)
SCALARS = st.one_of(
    st.integers(-(1 << 63), (1 << 63) - 1), FLOATS, TEXT, st.binary(max_size=20), st.booleans(), st.none()
)
VALUES = st.lists(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4).map(tuple), max_leaves=8), max_size=6)
BLOBS = st.binary(min_size=1, max_size=20)  # python-osc builds no empty ones
PATHS = st.text(st.characters(codec="ascii", exclude_characters="\0 "), max_size=30).map("/".__add__)


@given(PATHS, VALUES)
def test_what_is_encoded_is_decoded(path, values):
    message = decode(encode(path, values))
    assert isinstance(message, Message)
    assert (message.path, message.values) == (path, tuple(values))
    assert encode(path, message.values, message.types) == encode(path, values)


def test_every_type_tag():
    values = (-1, 1.5, "s", b"blob!", 1 << 40, 1.1, 1 << 63, "S", "c", 0xFF00FF80, b"\0\x90\x3c\x40")
    values += (True, False, None, math.inf, (1, ("a",), ()))
    types = "ifsbhdtScrmTFNI[i[s][]]"
    packet = encode("/all", values, types)
    assert decode(packet) == Message("/all", types, values)
    expected = (
        b"/all\0\0\0\0,ifsbhdtScrmTFNI[i[s][]]\0\0\0\0" + struct.pack(">if", -1, 1.5) + b"s\0\0\0\0\0\0\x05blob!\0\0\0"
    )
    expected += struct.pack(">qdQ", 1 << 40, 1.1, 1 << 63) + b"S\0\0\0\0\0\0c\xff\0\xff\x80\0\x90\x3c\x40"
    assert packet == expected + struct.pack(">i", 1) + b"a\0\0\0"


def test_types_by_value():
    message = decode(encode("/x", [(1 << 31) - 1, 1 << 31, 1e38, 1e39, math.inf, True, None, "", b"", ()]))
    assert message.types == "ihfdfTNsb[]"
    assert decode(encode("/x", [math.nan])).types == "f"


def test_the_same_layout_twice_takes_the_short_way_to_the_same_result():
    for value in (1, 2, 3):
        packet = encode("/fast/path", (value, 0.5))
        assert decode(packet) == decode(bytes(packet)) == Message("/fast/path", "if", (value, 0.5))
    with pytest.raises(OscError):
        decode(packet + b"\0\0\0\0")
    with pytest.raises(OscError):
        decode(packet[:-4])


@given(PATHS, st.lists(st.one_of(st.integers(-(1 << 31), (1 << 31) - 1), FLOATS, TEXT, BLOBS)))
def test_python_osc_reads_ours_and_we_read_its(path, values):
    theirs = OscMessageBuilder(path)
    for value in values:
        theirs.add_arg(value)
    packet = theirs.build().dgram
    assert decode(packet).values == tuple(values)
    assert encode(path, values, decode(packet).types) == packet
    read = OscMessage(encode(path, values))
    assert (read.address, read.params) == (path, values)


def test_bundles_nest_in_order():
    one, two = encode("/one", (1,)), encode("/two")
    packet = encode_bundle(1, [one, encode_bundle(7, [two]), one])
    first = Message("/one", "i", (1,))
    assert decode(packet) == Bundle(1, (first, Bundle(7, (Message("/two", "", ()),)), first))
    assert decode(encode_bundle(5, [])) == Bundle(5, ())


def test_a_message_without_type_tags_is_taken():
    assert decode(b"/old\0\0\0\0") == Message("/old", "", ())


@pytest.mark.parametrize(
    ("packet", "parts"),
    [
        (b"", ["multiple of 4", "got 0"]),
        (b"/ab", ["multiple of 4", "got 3"]),
        (b"abc\0", ["start with '/'", "b'a'"]),
        (b"/abc", ["zero byte"]),
        (b"/ab\0,i\0\0", ["'i'", "4 bytes", "got 0 at byte 8"]),
        (b"/ab\0,i\0\0\0\0\0\1\0\0\0\0", ["end with its last argument", "got 4 bytes more at byte 12"]),
        (b"/ab\0,q\0\0", ["type tag", "'q'"]),
        (b"/ab\0abc\0", ["start with ','", "b'a'"]),
        (b"/ab\0,[\0\0", ["closed", "1 open"]),
        (b"/ab\0,]\0\0", ["type tag", "']'"]),
        (b"/ab\0,s\0\0abcd", ["zero byte", "byte 8"]),
        (b"/ab\0,s\0\0\xff\0\0\0", ["UTF-8", "byte 8"]),
        (b"/ab\0,b\0\0\0\0\0\5abc\0", ["blob size", "0..4", "got 5"]),
        (b"/ab\0,b\0\0\xff\xff\xff\xffabc\0", ["blob size", "got -1"]),
        (b"/ab\0,c\0\0\0\x11\0\0", ["code point", "0x110000"]),
        (b"#bundle\0", ["timetag", "8 bytes", "got 0"]),
        (b"#bundle\0" + bytes(8) + b"\0\0\0\3abc\0", ["element size", "got 3"]),
        (b"#bundle\0" + bytes(8) + b"\0\0\0\x08/ab\0", ["element size", "4 bytes left", "got 8"]),
        (b"#bundle\0" + bytes(12), ["element size", "got 0"]),
        (b"/" + b"a" * 1027 + b"\0" * 4, ["address", "1024"]),
        (b"/ab\0" + b"," + b"T" * MAX_ARGUMENTS + b"T\0\0", [str(MAX_ARGUMENTS)]),
        (b"/ab\0," + b"[" * 17 + b"]" * 17 + b"\0", ["16 deep"]),
        (bytes(UDP_LIMIT + 1), [f"{UDP_LIMIT} bytes"]),
    ],
)
def test_an_error_states_rule_value_and_place(packet, parts):
    with pytest.raises(OscError) as caught:
        decode(packet)
    assert all(part in str(caught.value) for part in parts), caught.value


def test_limits_of_bundles():
    message = encode("/tags", (0,) * 64)
    decode(encode_bundle(1, [message] * 150))
    with pytest.raises(OscError, match=f"at most {MAX_ARGUMENTS} type tags"):
        decode(encode_bundle(1, [message] * (MAX_ARGUMENTS // 64 + 1)), limit=1 << 20)
    packet = encode("/deep")
    for _ in range(MAX_DEPTH):
        packet = encode_bundle(1, [packet])
    decode(packet)
    with pytest.raises(OscError, match="nest at most"):
        decode(encode_bundle(1, [packet]))
    decode(encode_bundle(1, [b"/a\0\0"] * (MAX_ELEMENTS - 1)))
    with pytest.raises(OscError, match="at most 4096"):
        decode(encode_bundle(1, [b"/a\0\0"] * MAX_ELEMENTS))


@pytest.mark.parametrize(
    ("path", "values", "types"),
    [
        ("no/slash", (), None),
        ("no/slash", ("a",), None),
        ("/nul\0", (), None),
        ("/x", ("nul\0",), None),
        ("/x", ("\ud800",), None),
        ("/x", (1 << 64,), None),
        ("/x", (object(),), None),
        ("/x", (1,), ""),
        ("/x", (), "i"),
        ("/x", (1,), "q"),
        ("/x", ("no",), "i"),
        ("/x", (1,), "s"),
        ("/x", ("no",), "b"),
        ("/x", ("two",), "c"),
        ("/x", (1,), "[i]"),
        ("/x", ((1,),), "[i"),
        ("/x", ((1,),), "[ii]"),
        ("/x", ((1, 2),), "[i]"),
    ],
)
def test_what_osc_cannot_hold_is_refused(path, values, types):
    with pytest.raises(OscError):
        encode(path, values, types)


# Bytes that are nearly OSC go deeper than any bytes do.
NEARLY = st.one_of(
    st.binary(max_size=64),
    st.builds(
        lambda path, types, body: path + bytes(-len(path) % 4) + types + bytes(4 - len(types) % 4) + body,
        st.sampled_from([b"/a\0", b"/music/note/in\0", b"/*\0", b"/\xff\0", b"#bundle\0", b"/error\0"]),
        st.text("ifsbhtdScrmTFNI[]q,", max_size=12).map(lambda tags: b"," + tags.encode()),
        st.binary(max_size=48),
    ),
    st.builds(encode_bundle, st.integers(0, (1 << 64) - 1), st.lists(st.binary(max_size=24), max_size=4)),
)


@settings(max_examples=3_000, deadline=None)
@given(NEARLY)
def test_any_bytes_decode_or_raise_osc_error(packet):
    try:
        element = decode(packet)
    except OscError as error:
        assert str(error)
    else:
        if isinstance(element, Message):
            assert decode(encode(element.path, element.values, element.types)).types == element.types
