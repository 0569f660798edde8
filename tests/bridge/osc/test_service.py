import asyncio
import errno
import functools
import logging
import socket

import pytest

from bridge.addresses import Table
from bridge.osc import tcp
from bridge.osc.framing import TCP_LIMIT
from bridge.osc.receive_buffer import RECEIVE_BUFFER, receive_buffer_advice
from bridge.osc.service import OscService
from bridge.osc.wire import encode
from tests.bridge.osc.rig import Peer, Rig, TcpPeer, running


def scenario(test):
    """Run a coroutine as a test."""

    @functools.wraps(test)
    def run(*arguments, **named):
        asyncio.run(test(*arguments, **named))

    return run


@scenario
async def test_a_message_reaches_the_handler_checked():
    async with running() as (rig, peer):
        peer.send("/clock/tempo", 90)
        peer.send("/music/note/in", 1.0, 60.0, 0.0)  # Pd has floats only
        peer.send("/music/listen", True)
        peer.send("/music/answer")
        peer.send("/music/stop", float("inf"), types="I")
        await peer.settle()
        assert rig.handled == [
            ("/clock/tempo", (90.0,)),
            ("/music/note/in", (1, 60, 0)),
            ("/music/listen", (True,)),
            ("/music/answer", ()),
            ("/music/stop", ()),
        ]
        assert rig.clients[0].kind == "udp"
        assert rig.clients[0].address == ("127.0.0.1", peer.port)
        assert rig.service.counts.received == 6


@scenario
async def test_ping_echoes_every_type():
    async with running() as (_, peer):
        values = (1, 2.5, "s", b"b", 1 << 40, 1.1, 5, "S", "c", 7, b"midi", True, False, None, float("inf"), (1, (2,)))
        peer.send("/ping", *values, types="ifsbhdtScrmTFNI[i[i]]")
        message = await peer.hear()
        assert (message.path, message.types, message.values) == ("/pong", "ifsbhdtScrmTFNI[i[i]]", values)


@scenario
async def test_a_parameter_without_arguments_is_a_query():
    async with running() as (rig, peer):
        peer.send("/clock/tempo")
        await peer.expect("/clock/tempo", 120.0)
        peer.send("/music/listen")
        message = await peer.hear()
        assert (message.types, message.values) == ("i", (1,))  # Max knows no T
        assert rig.handled == []


@scenario
async def test_refusals_are_answered_with_rule_and_value():
    async with running() as (rig, peer):
        peer.send("/clock/tempo", 1000)
        await peer.expect_error("/clock/tempo", "20..400", "1000")
        peer.send("/clock/tempo", float("nan"))
        await peer.expect_error("/clock/tempo", "finite", "nan")
        peer.send("/clock/tempo", (1, 2))
        await peer.expect_error("/clock/tempo", "number", "(1, 2)")
        peer.send("/music/note/in", 1, 2)
        await peer.expect_error("/music/note/in", "velocity is missing")
        peer.send("/clock/tempi", 100)
        await peer.expect_error("/clock/tempi", "no such address", "/clock/tempo")
        peer.send("/" + "x" * 900)
        message = await peer.hear()
        assert message.values == ("/" + "x" * 499, "there is no such address")
        peer.send("/pong")
        await peer.expect_error("/pong", "only ever sent by the bridge")
        rig.refuse = "not \0 now \ud800"
        peer.send("/panic")
        await peer.expect_error("/panic", "not \ufffd now ?")
        assert rig.service.counts.refused == 8
        assert rig.handled == []


@scenario
async def test_an_error_is_never_answered():
    async with running() as (rig, peer):
        peer.send("/error", "/x", "why")
        peer.send("/error")
        peer.send_raw(b"/error\0\0,s\0\0")  # not even a malformed one
        await peer.settle()
        assert rig.service.counts.malformed == 1


@scenario
async def test_a_malformed_packet_is_counted_and_answered():
    async with running() as (rig, peer):
        peer.send_raw(b"nonsense")
        await peer.expect_error("", "start with '/'", "b'n'")
        peer.send_raw(b"")
        await peer.expect_error("", "multiple of 4")
        assert rig.service.counts.malformed == 2


@pytest.mark.filterwarnings("default")
def test_a_failing_handler_is_logged_answered_and_not_fatal(caplog):
    async def run():
        async with running() as (rig, peer):
            rig.fail = ZeroDivisionError("division by zero")
            peer.send("/panic")
            await peer.expect_error("/panic", "ZeroDivisionError", "division by zero")
            await peer.settle()

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert "ZeroDivisionError" in caplog.text


@scenario
async def test_patterns_reach_all_that_match():
    async with running() as (rig, peer):
        peer.send("/music/{call,answer}_bars", 4)
        await peer.settle()
        assert rig.handled == [("/music/call_bars", (4,)), ("/music/answer_bars", (4,))]
        peer.send("/music/*_bars")
        await peer.expect("/music/call_bars", 2)
        await peer.expect("/music/answer_bars", 2)
        peer.send("/music/a*")  # a question, though /music/answer would match, too
        await peer.expect("/music/answer_bars", 2)
        peer.send("/music/st*")  # a question, that nothing answers: it must not stop the music
        await peer.settle()
        assert rig.handled[2:] == []
        peer.send("/music/st*", float("inf"), types="I")  # an impulse is the trigger itself
        await peer.settle()
        assert rig.handled[2:] == [("/music/stop", ())]
        peer.send("/clock/{tempo,beats_per_bar,downbeat}", 16)
        await peer.expect_error("/clock/{tempo,beats_per_bar,downbeat}", "2 of 3 refused", "/clock/tempo: ", "20..400")
        peer.send("/nothing/*")
        await peer.expect_error("/nothing/*", "matches no address")
        peer.send("/a[")
        await peer.expect_error("/a[", "closed by ']'")
        peer.send("/" + "*?" * 40)
        await peer.expect_error("/" + "*?" * 40, "matches no address")


@scenario
async def test_replies_go_where_the_last_subscribe_said():
    async with running() as (rig, peer):
        ear, other = Peer(rig.service), Peer(rig.service)
        peer.send("/subscribe", "/clock/*", ear.port, 5.0)
        await ear.expect("/subscribed", "/clock/*", 5.0)
        peer.send("/ping", 1)
        await ear.expect("/pong", 1)
        peer.send("/nonsense")
        await ear.expect_error("/nonsense")
        other.send("/ping", 2)  # the same host, but another program
        await other.expect("/pong", 2)
        peer.send("/subscribe", "/music/*", other.port)
        await other.expect("/subscribed", "/music/*", 60.0)
        peer.send("/ping", 3)
        await other.expect("/pong", 3)
        rig.service.send_event("/clock/tempo", 100.0)
        await ear.expect("/clock/tempo", 100.0)
        peer.send("/subscribe", "/music/*")
        await peer.expect("/subscribed", "/music/*", 60.0)
        await peer.settle()
        ear.close()
        other.close()


@scenario
async def test_the_reply_port_is_for_who_named_none():
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    async with running(reply_port=ear.getsockname()[1]) as (rig, peer):
        listener = Peer(rig.service)
        listener.socket.close()
        listener.socket = ear
        ear.setblocking(False)
        peer.send("/ping", 1)
        await listener.expect("/pong", 1)
        peer.send("/subscribe", "*")
        await listener.expect("/subscribed", "*", 60.0)
        peer.send("/subscribe", "*", peer.port)
        await peer.expect("/subscribed", "*", 60.0)
        await peer.settle()
    ear.close()


@scenario
async def test_subscriptions_renew_and_run_out():
    async with running() as (rig, peer):
        peer.send("/subscribe", "/music/state", 0, 10.0)
        await peer.expect("/subscribed", "/music/state", 10.0)
        rig.service.send_event("/music/state", "thinking")
        rig.service.send_event("/clock/tempo", 90.0)
        await peer.expect("/music/state", "thinking")
        rig.clock.now += 9
        peer.send("/subscribe", "//state", peer.port, 2.0)  # overlaps: still one of each event
        await peer.expect("/subscribed", "//state", 2.0)
        peer.send("/subscribe", "/music/state", 0, 10.0)
        await peer.expect("/subscribed", "/music/state", 10.0)
        assert rig.service.subscriptions == 2
        rig.service.send_event("/music/state", "waiting")
        await peer.expect("/music/state", "waiting")
        await peer.settle()
        rig.clock.now += 9
        await peer.expect("/unsubscribed", "//state")
        rig.clock.now += 1
        await peer.expect("/unsubscribed", "/music/state")
        rig.service.send_event("/music/state", "thinking")
        await peer.settle()
        assert rig.service.subscriptions == 0


@scenario
async def test_unsubscribe():
    async with running() as (rig, peer):
        for pattern in ("/ping", "/music/*", "//beat"):
            peer.send("/subscribe", pattern)
            await peer.expect("/subscribed", pattern, 60.0)
        peer.send("/unsubscribe", "/music/*")
        await peer.expect("/unsubscribed", "/music/*")
        peer.send("/unsubscribe", "/music/*")
        await peer.expect_error("/unsubscribe", "subscribed to", "/music/*")
        peer.send("/unsubscribe")
        await peer.expect("/unsubscribed", "/ping")
        await peer.expect("/unsubscribed", "//beat")
        peer.send("/subscribe", "[", 0)
        await peer.expect_error("/subscribe", "start with '/'")
        peer.send("/subscribe", "/music/stat")
        await peer.expect_error("/subscribe", "must match an address", "did you mean /music/state?")
        peer.send("/subscribe", "/ping", 0, 0.1)
        await peer.expect_error("/subscribe", "lease", "0.1")
        assert rig.service.subscriptions == 0


@scenario
async def test_a_client_whose_port_changes_unsubscribes_by_the_port_it_named():
    async with running() as (rig, peer):
        ear = Peer(rig.service)
        peer.send("/subscribe", "/ping", ear.port)
        await ear.expect("/subscribed", "/ping", 60.0)
        other = Peer(rig.service)
        other.send("/unsubscribe", "/ping", ear.port)
        await ear.expect("/unsubscribed", "/ping")
        assert rig.service.subscriptions == 0
        other.close()
        ear.close()


@scenario
async def test_stop_tells_subscribers():
    rig = Rig()
    await rig.service.start("127.0.0.1", 0)
    peer, connection = Peer(rig.service), await TcpPeer.open(rig.service, "slip")
    for each in (peer, connection):
        each.send("/subscribe", "/error")
        await each.expect("/subscribed", "/error", 60.0)
    await rig.service.stop()
    for each in (peer, connection):
        await each.expect("/unsubscribed", "/error")
    await connection.ended()
    await connection.close()
    peer.close()


@scenario
async def test_subscriptions_are_limited():
    patterns = [f"/{{ping,{number}}}" for number in range(257)]
    async with running() as (_rig, peer):
        for pattern in patterns[:-1]:
            peer.send("/subscribe", pattern)
            await peer.expect("/subscribed", pattern, 60.0)
        peer.send("/subscribe", patterns[-1])
        await peer.expect_error("/subscribe", "at most 256")
        peer.send("/subscribe", patterns[-2])
        await peer.expect("/subscribed", patterns[-2], 60.0)


@scenario
async def test_note_targets():
    async with running() as (rig, peer):
        ear = Peer(rig.service)
        peer.send("/subscribe", "/music/note/out", ear.port)
        await ear.expect("/subscribed", "/music/note/out", 60.0)
        peer.send("/subscribe", "/music/note/*")
        await peer.expect("/subscribed", "/music/note/*", 60.0)
        peer.send("/subscribe", "/clock/*")
        await peer.expect("/subscribed", "/clock/*", 60.0)
        found = {(target.host, target.port, target.pairs, target.lengths) for target in rig.service.note_targets()}
        assert found == {("127.0.0.1", ear.port, True, False), ("127.0.0.1", peer.port, True, True)}
        peer.send("/subscribe", "/frames/*")
        await peer.expect("/subscribed", "/frames/*", 60.0)
        assert len(rig.targets) == 3  # /frames/* changes nothing
        connection = await TcpPeer.open(rig.service)
        connection.send("/subscribe", "//")
        await connection.expect("/subscribed", "//", 60.0)
        rig.service.send_event("/music/note/out", 1, 60, 100, tcp_only=True)
        await connection.expect("/music/note/out", 1, 60, 100)
        await peer.settle()
        assert [target.beats and target.bars for target in rig.service.note_targets()] == [False, True]
        peer.send("/unsubscribe")
        await peer.expect("/unsubscribed", "/music/note/*")
        assert [target.port for target in rig.targets[-1]] == [ear.port]
        await connection.close()
        ear.close()


@scenario
async def test_errors_are_limited_and_summed_up():
    async with running() as (rig, peer):
        for _ in range(25):
            peer.send("/nonsense")
        for _ in range(10):
            await peer.expect_error("/nonsense")
        await peer.settle()
        assert rig.service.counts.errors_unsent == 15
        rig.clock.now += 0.2
        await peer.expect_error("", "15 more errors were not sent")
        peer.send("/nonsense")
        await peer.expect_error("/nonsense")


@scenario
async def test_an_error_for_everyone():
    async with running() as (rig, peer):
        peer.send("/subscribe", "/clock/beat")
        await peer.expect("/subscribed", "/clock/beat", 60.0)
        rig.service.error(None, "", "the model is gone")
        await peer.expect("/error", "", "the model is gone")


@scenario
async def test_a_flood_from_many_addresses_takes_no_memory():
    async with running() as (rig, peer):
        endpoint = rig.service._udp
        for number in range(5_000):
            endpoint.received(b"junk", ("127.0.0.1", 60_000 - number))
        assert len(endpoint._clients) == 1_024
        assert len(rig.service._errors._clients) == 1_024
        assert rig.service.counts.sent + rig.service.counts.dropped <= 200
        rig.clock.now += 1
        await peer.settle()


# ---- TCP


@pytest.mark.parametrize("framing", ["length", "slip"])
@scenario
async def test_tcp_in_both_framings(framing):
    async with running() as (rig, _):
        peer = await TcpPeer.open(rig.service, framing)
        for number in range(200):  # coalesced
            peer.send("/music/note/in", 1, number % 128, 100)
        peer.send("/ping", 0xC0, 0xDB)
        await peer.expect("/pong", 0xC0, 0xDB)
        assert [values[1] for _, values in rig.handled] == [number % 128 for number in range(200)]
        peer.send("/subscribe", "*", 1)  # the port means nothing here
        await peer.expect("/subscribed", "*", 60.0)
        rig.service.send_event("/clock/tempo", 99.0)
        await peer.expect("/clock/tempo", 99.0)
        await peer.close()
        while rig.service.subscriptions:
            await asyncio.sleep(0)


@scenario
async def test_another_protocol_on_the_port_is_cut_off():
    async with running() as (rig, peer):
        reader, writer = await asyncio.open_connection(*rig.service.address)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert b"a stream must start with" in await reader.read()
        writer.close()
        assert rig.service.counts.malformed == 1
        await peer.settle()


@scenario
async def test_a_tcp_client_that_does_not_read_is_cut_off():
    async with running() as (rig, peer):
        connection = await TcpPeer.open(rig.service)
        connection.send("/subscribe", "*")
        await connection.expect("/subscribed", "*", 60.0)
        connection.writer.transport.pause_reading()
        text = "x" * 60_000
        while rig.service.subscriptions:
            rig.service.send_event("/music/state", text)
            await asyncio.sleep(0)
        assert rig.service.counts.dropped >= 1
        await peer.settle()
        await connection.close()


@scenario
async def test_unfinished_packets_are_limited(monkeypatch):
    monkeypatch.setattr(tcp, "MAX_UNFINISHED", 1 << 20)
    async with running() as (rig, _):
        connection = await TcpPeer.open(rig.service)
        connection.writer.write(TCP_LIMIT.to_bytes(4, "big") + bytes(TCP_LIMIT - 1))
        await connection.ended()
        assert rig.service.counts.dropped == 1
        await connection.close()


@scenario
async def test_connections_are_limited(monkeypatch):
    monkeypatch.setattr(tcp, "MAX_CLIENTS", 1)
    async with running() as (rig, _):
        first, second = await TcpPeer.open(rig.service), await TcpPeer.open(rig.service)
        await second.ended()
        first.send("/ping", 1)
        await first.expect("/pong", 1)
        assert rig.service.counts.dropped == 1
        await first.close()
        await second.close()


@scenario
async def test_a_connection_may_end_right_after_its_last_message():
    async with running() as (rig, _):
        connection = await TcpPeer.open(rig.service, "slip")
        for _ in range(1_000):
            connection.send("/panic")
        await connection.close()
        while len(rig.handled) < 1_000:
            await asyncio.sleep(0)


# ---- sockets


@scenario
async def test_a_loop_that_watches_no_sockets():
    def add_reader(*_):
        raise NotImplementedError  # as Windows' loop does

    asyncio.get_running_loop().add_reader = add_reader
    async with running() as (_rig, peer):
        await peer.settle()


@scenario
async def test_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with running("::1") as (rig, peer):
        await peer.settle()
        peer.send("/subscribe", "//", 0)
        await peer.expect("/subscribed", "//", 60.0)
        assert rig.service.note_targets()[0].host == "::1"


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
@scenario
async def test_a_taken_port_says_what_to_do(kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=rf"port {port} on 127\.0\.0\.1 is taken.*--osc-port") as caught:
            await Rig().service.start("127.0.0.1", port)
        assert caught.value.errno == errno.EADDRINUSE


@scenario
async def test_a_foreign_host_says_what_to_do():
    with pytest.raises(OSError, match=r"192\.0\.2\.1 is no address of this machine.*--host"):
        await Rig().service.start("192.0.2.1", 0)
    with pytest.raises(OSError, match=r"'not a name' is not a host.*--host"):
        await Rig().service.start("not a name", 0)


@scenario
async def test_stop_frees_the_port_and_may_come_first():
    service = OscService(Table(()), lambda *_: None, value_of=lambda _: 0)
    await service.stop()
    await service.start("127.0.0.1", 0)
    port = service.address[1]
    await service.stop()
    again = Rig().service
    await again.start("127.0.0.1", port)
    await again.stop()


@scenario
async def test_the_receive_buffer_is_read_back():
    async with running() as (rig, _):
        granted = rig.service.receive_buffer
        assert 0 < granted <= RECEIVE_BUFFER
        assert (receive_buffer_advice(granted) is None) == (granted == RECEIVE_BUFFER)
    advice = receive_buffer_advice(212_992)
    assert advice is not None
    assert "208 KiB of 4096 KiB" in advice


@scenario
async def test_a_burst_is_not_lost_while_the_loop_is_busy():
    async with running() as (rig, peer):
        count = rig.service.receive_buffer // 4096  # what the system charges for a small datagram, generously
        packet = encode("/music/note/in", (1, 60, 100))
        for _ in range(count):  # nothing of the loop runs meanwhile
            peer.send_raw(packet)
        await peer.settle()
        assert len(rig.handled) == count
