import asyncio
import time

import pytest

from bridge.osc.schedule import MAX_WAITING, MAX_WAITING_BYTES, moment, timetag
from bridge.osc.wire import encode, encode_bundle
from tests.bridge.osc.rig import running

NOW = 1_800_000_000.0


def note(pitch):
    return encode("/music/note/in", (1, pitch, 100))


def pitches(rig):
    return [values[1] for _, values in rig.handled]


def seconds_ahead(tag, wall):
    return (moment(tag, wall) - moment(timetag(wall), wall)) / (1 << 32)


def test_timetags():
    assert seconds_ahead(timetag(NOW + 1.5), NOW) == pytest.approx(1.5, abs=1e-5)
    assert seconds_ahead(timetag(NOW - 1.5), NOW) == pytest.approx(-1.5, abs=1e-5)
    assert moment(0, NOW) == moment(1, NOW) == 0
    turn = 2_085_978_496.0  # NTP's seconds begin again, in 2036
    assert seconds_ahead(timetag(turn + 2), turn - 1) == pytest.approx(3, abs=1e-5)


def test_bundles_wait_in_order_and_the_loop_does_not():
    async def run():
        async with running() as (rig, peer):
            began = time.time()
            late, later = timetag(began + 0.15), timetag(began + 0.25)
            peer.send_raw(encode_bundle(later, [note(5), note(6)]))
            peer.send_raw(encode_bundle(late, [note(1), encode_bundle(1, [note(2)]), encode_bundle(later, [note(7)])]))
            peer.send_raw(encode_bundle(late, [note(3), encode_bundle(late, [note(4)])]))
            peer.send_raw(encode_bundle(1, [note(0)]))
            peer.send_raw(encode_bundle(timetag(began - 100), [note(0)]))
            await peer.settle()
            assert pitches(rig) == [0, 0]
            arrived = {}
            while len(rig.handled) < 9:
                await asyncio.sleep(0)
                for count in range(len(arrived), len(rig.handled)):
                    arrived[count] = time.time() - began
            assert pitches(rig) == [0, 0, 1, 2, 3, 4, 5, 6, 7]
            assert arrived[2] >= 0.149
            assert arrived[6] >= 0.249

    asyncio.run(run())


def test_bundles_are_capped_as_a_whole():
    async def run():
        async with running(wall=lambda: NOW) as (rig, peer):
            peer.send_raw(encode_bundle(1, [note(1), encode_bundle(timetag(NOW + 61), [note(2)])]))
            await peer.expect_error("#bundle", "60 s ahead", "61.000")
            for _ in range(4):
                peer.send_raw(encode_bundle(timetag(NOW + 50), [encode("/panic")] * (MAX_WAITING // 4)))
            peer.send_raw(encode_bundle(timetag(NOW + 1), [note(3)]))
            await peer.expect_error("#bundle", f"at most {MAX_WAITING} messages")
            await peer.settle()
            assert rig.handled == []
            assert rig.service.counts.refused == 2

    asyncio.run(run())


def test_bytes_that_wait_are_capped():
    async def run():
        async with running(wall=lambda: NOW) as (_rig, peer):
            packet = encode_bundle(timetag(NOW + 50), [encode("/ping", (bytes(60_000),))])
            for _ in range(MAX_WAITING_BYTES // len(packet)):
                peer.send_raw(packet)
                await peer.settle()
            peer.send_raw(packet)
            await peer.expect_error("#bundle", f"at most {MAX_WAITING_BYTES} bytes")

    asyncio.run(run())
