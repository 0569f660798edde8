"""Whatever arrives, the service lives on and answers the next ping."""

import asyncio
import logging
from contextlib import contextmanager, suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.addresses import Table
from bridge.osc.wire import encode, encode_bundle
from tests.bridge.osc.rig import Peer, Rig, TcpPeer

# Bytes that are nearly right go deeper than any bytes do.
PATHS = st.one_of(
    st.sampled_from([*Table(()).entries, "#bundle", ""]), st.text("/abcmus*?[]{}!-,", max_size=20).map("/".__add__)
)
TYPES = st.text("ifsbhtdScrmTFNI[]q,", max_size=8)
MESSAGES = st.builds(
    lambda path, types, body: b"".join(part.encode() + bytes(4 - len(part) % 4) for part in (path, "," + types)) + body,
    PATHS,
    TYPES,
    st.binary(max_size=48),
)
NOTES = st.builds(
    encode,
    st.sampled_from(["/music/note/in", "/clock/*", "//", "/subscribe"]),
    st.lists(st.integers(-1, 130), max_size=4),
)
PACKETS = st.recursive(
    st.one_of(st.binary(max_size=64), MESSAGES, NOTES),
    lambda inner: st.builds(encode_bundle, st.integers(0, (1 << 64) - 1), st.lists(inner, max_size=4)),
    max_leaves=4,
)


@contextmanager
def service():
    rig = Rig()
    with asyncio.Runner() as runner:
        runner.run(rig.service.start("127.0.0.1", 0))
        try:
            yield rig, runner
        finally:
            runner.run(rig.service.stop())


async def answered(peer, token):
    """Wait for the answer to a ping, whatever else comes before it."""
    peer.send("/ping", token, "fuzz")
    while True:
        message = await peer.hear()
        if message.path == "/pong" and message.values == (token, "fuzz"):
            return


def test_ten_thousand_packets(caplog):
    caplog.set_level(logging.ERROR)
    with service() as (rig, runner):
        # Someone else asks whether it lives: a fuzzed /subscribe may send a peer's replies to another port.
        peer, other = Peer(rig.service), Peer(rig.service)

        @settings(max_examples=1_000, deadline=None, database=None)
        @given(st.lists(PACKETS, min_size=10, max_size=10))
        def send(packets):
            for packet in packets:
                peer.send_raw(packet)
            rig.clock.now += 0.1
            runner.run(answered(other, 1))

        try:
            send()
        finally:
            peer.close()
            other.close()
        counts = rig.service.counts
        assert counts.malformed > 1_000
        assert counts.refused > 1_000
        assert len(rig.handled) > 100
    assert caplog.text == ""  # nothing failed in a way that was not foreseen


def test_any_stream(caplog):
    caplog.set_level(logging.ERROR)
    with service() as (rig, runner):
        peer = Peer(rig.service)

        async def stream(pieces):
            connection = await TcpPeer.open(rig.service)
            for piece in pieces:
                connection.writer.write(piece)
                await asyncio.sleep(0)
            with suppress(OSError):  # it may have been cut off already
                connection.writer.write_eof()
            await connection.ended()
            await connection.close()
            await answered(peer, 2)

        starts = st.sampled_from([b"", b"\xc0", b"\0\0\0", b"/a\0\0,\0\0\0\xc0", b"\0\0\0\x08/a\0\0,\0\0\0"])

        @settings(max_examples=500, deadline=None, database=None)
        @given(starts, st.lists(st.one_of(PACKETS, st.sampled_from([b"\xc0", b"\xdb", b"\xdb\xdc"])), max_size=4))
        def send(start, pieces):
            runner.run(stream([start, *pieces]))

        try:
            send()
        finally:
            peer.close()
    assert caplog.text == ""
