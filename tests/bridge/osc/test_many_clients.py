"""Each client has its own subscriptions and rate, and one that floods delays no other."""

import asyncio

from bridge.osc import coalesce, transport
from bridge.osc.transport import Backlog, Client
from bridge.osc.wire import Bundle, decode, encode
from tests.bridge.osc.rig import PATIENCE, Peer, TcpPeer, running
from tests.bridge.osc.test_service import scenario


async def messages(peer: Peer) -> list[tuple[str, object]]:
    """The messages of the next packet, a bundle or not."""
    packet = decode(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(peer.socket, 65536), PATIENCE))
    elements = packet.elements if isinstance(packet, Bundle) else (packet,)
    return [(element.path, element.values[0]) for element in elements]


@scenario
async def test_a_rate_brings_the_newest_values_in_one_bundle():
    async with running() as (rig, peer):
        quick = Peer(rig.service)
        peer.send("/subscribe", "/clock/*", 0, 60.0, 5.0)
        await peer.expect("/subscribed", "/clock/*", 60.0)
        quick.send("/subscribe", "/clock/tempo")
        await quick.expect("/subscribed", "/clock/tempo", 60.0)
        for tempo in range(60, 160):
            rig.values["/clock/tempo"] = float(tempo)
            rig.service.send_event("/clock/tempo", float(tempo))
        rig.values["/clock/beats_per_bar"] = 3
        rig.service.send_event("/clock/beats_per_bar", 3)
        assert await messages(peer) == [("/clock/tempo", 159.0), ("/clock/beats_per_bar", 3)]
        for tempo in range(60, 160):  # who asked for no rate is told of each
            await quick.expect("/clock/tempo", float(tempo))
        rig.service.send_event("/clock/beat", 1, 0, 1)  # an event is no state: each comes, and at once
        rig.service.send_event("/clock/beat", 2, 0, 2)
        assert [await messages(peer), await messages(peer)] == [[("/clock/beat", 1)], [("/clock/beat", 2)]]
        quick.close()


@scenario
async def test_changes_after_the_first_wait_for_the_next_moment_and_none_is_forgotten():
    async with running() as (rig, peer):
        peer.send("/subscribe", "/clock/tempo", 0, 60.0, 10.0)
        await peer.expect("/subscribed", "/clock/tempo", 60.0)
        heard = []
        for tempo in (61.0, 62.0, 63.0):
            rig.values["/clock/tempo"] = tempo
            rig.service.send_event("/clock/tempo", tempo)
            if not heard:
                heard += await messages(peer)
        heard += await messages(peer)
        assert heard == [("/clock/tempo", 61.0), ("/clock/tempo", 63.0)]


@scenario
async def test_the_quickest_of_a_clients_wishes_counts_and_a_renewal_may_change_it():
    async with running() as (rig, peer):
        wanted = rig.service._subscriptions.wanted
        for pattern, rate in (("/clock/*", 5.0), ("/clock/tempo", 20.0)):
            peer.send("/subscribe", pattern, 0, 60.0, rate)
            await peer.expect("/subscribed", pattern, 60.0)
        assert list(wanted("/clock/tempo").limited) == [20.0]
        assert list(wanted("/clock/beat").limited) == [5.0]
        peer.send("/subscribe", "/clock/*")
        await peer.expect("/subscribed", "/clock/*", 60.0)
        assert len(wanted("/clock/tempo").at_once) == len(wanted("/clock/beat").at_once) == 1
        peer.send("/subscribe", "/clock/tempo", 0, 60.0, 1001)
        await peer.expect_error("/subscribe", "rate", "0..1000", "1001")


@scenario
async def test_a_hundred_clients_of_a_hundred_subscriptions_each():
    async with running() as (rig, peer):
        connections = [await TcpPeer.open(rig.service) for _ in range(100)]
        patterns = ["/clock/tempo", *(f"/{{clock,c{number}}}/*" for number in range(99))]
        for connection in connections:
            for pattern in patterns:
                connection.send("/subscribe", pattern, 0, 60.0, 20.0)
        for connection in connections:
            for pattern in patterns:
                await connection.expect("/subscribed", pattern, 60.0)
        assert rig.service.subscriptions == 10_000
        await connections.pop().close()  # one dies
        rig.values["/clock/tempo"] = 99.0
        rig.service.send_event("/clock/tempo", 99.0)
        for connection in connections:
            await connection.expect("/clock/tempo", 99.0)
            await connection.close()
        await peer.settle()


def test_bundles_stay_small_enough_for_small_receivers():
    packets = [encode(f"/a/parameter/{number}", (0.5,)) for number in range(1000)]
    found = coalesce.bundles(packets)
    assert max(map(len, found)) <= coalesce.MAX_BUNDLE
    assert [element.path for bundle in found for element in decode(bundle).elements][-1] == "/a/parameter/999"
    assert coalesce.bundles(packets[:1]) == packets[:1]


class Heard:
    """A receiver that notes down."""

    def __init__(self) -> None:
        self.packets: list[tuple[bytes, Client]] = []
        self.floods: list[tuple[Client, int]] = []

    def packet_received(self, packet: bytes, client: Client) -> None:
        self.packets.append((packet, client))

    def client_floods(self, client: Client, packets: int) -> None:
        self.floods.append((client, packets))


@scenario
async def test_who_floods_waits_alone(monkeypatch):
    monkeypatch.setattr(transport, "MAX_WAITING", 1000)
    flooder, other = (Client("udp", ("127.0.0.1", port), port, lambda _: True) for port in (1, 2))
    heard = Heard()
    backlog = Backlog(heard)
    for _ in range(1500):
        backlog.add(b"flood", flooder)
    backlog.add(b"first", other)
    backlog.add(b"second", other)
    assert backlog and not heard.packets
    while backlog:
        backlog.work()
        await asyncio.sleep(0)
    assert [packet for packet, _ in heard.packets[:4]] == [b"flood", b"first", b"flood", b"second"]
    assert len(heard.packets) == 1002
    assert heard.floods == [(flooder, 500)]


@scenario
async def test_a_burst_beyond_one_turn_is_acted_on_whole_and_in_order():
    async with running() as (rig, peer):
        other = Peer(rig.service)
        for number in range(200):  # all of them wait in the socket before the loop looks
            peer.send("/clock/tempo", 100.0 + number)
        other.send("/ping", 7)
        await other.expect("/pong", 7)
        await peer.settle()
        assert [values[0] for _, values in rig.handled] == [100.0 + number for number in range(200)]
        assert rig.service.counts.flooded == 0
        other.close()
