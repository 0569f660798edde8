"""Clients and servers that nobody here wrote."""

import asyncio
import functools
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from peers import require_program
from pythonosc.tcp_client import SimpleTCPClient
from pythonosc.udp_client import SimpleUDPClient

from bridge.client.server import free_ports
from bridge.osc.framing import frame
from bridge.osc.wire import encode
from tests.bridge.osc.rig import PATIENCE, running

CLIENTS = Path(__file__).parents[2] / "clients"


@asynccontextmanager
async def program(*command, output="stdout"):
    """Run a program; gives a coroutine that waits for a line that it prints."""
    process = await asyncio.create_subprocess_exec(*command, **{output: asyncio.subprocess.PIPE})
    stream, seen = getattr(process, output), []

    async def prints(text):
        while text not in (line := (await asyncio.wait_for(stream.readline(), PATIENCE)).decode()):
            seen.append(line)
            assert line, f"{command[0]} printed {seen}, not {text!r}"

    try:
        yield prints
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def handled(rig, count):
    """Wait for that many messages to be handled."""
    async with asyncio.timeout(PATIENCE):
        while len(rig.handled) < count:
            await asyncio.sleep(0.001)
    return rig.handled


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_oscsend(protocol):
    oscsend = require_program("oscsend", "liblo-tools")

    async def run():
        async with running() as (rig, _):
            url = f"osc.{protocol}://127.0.0.1:{rig.service.address[1]}"
            for message in (["/music/note/in", "iii", "1", "60", "100"], ["/clock/tempo", "d", "93.5"], ["/panic"]):
                sent = await asyncio.create_subprocess_exec(oscsend, url, *message)
                assert await sent.wait() == 0
            expected = [("/music/note/in", (1, 60, 100)), ("/clock/tempo", (93.5,)), ("/panic", (False,))]
            assert await handled(rig, 3) == expected
            assert rig.clients[0].kind == protocol

    asyncio.run(run())


def test_oscdump_hears_what_it_is_subscribed_to():
    oscdump = require_program("oscdump", "liblo-tools")
    port = free_ports(1)[0]

    async def run():
        async with running() as (rig, peer), program(oscdump, "-L", f"osc.udp://:{port}") as prints:
            async with asyncio.timeout(PATIENCE):
                peer.send("/subscribe", "/music/*", port)
                heard = asyncio.ensure_future(prints('/subscribed sf "/music/*" 60.000000'))
                while not (await asyncio.wait([heard], timeout=0.1))[0]:
                    peer.send("/subscribe", "/music/*", port)  # until oscdump listens
                await heard
            rig.service.send_event("/music/state", "thinking")
            await prints('/music/state s "thinking"')
            peer.send("/clock/tempo", 1000)
            await prints('/error ss "/clock/tempo" "tempo must be in range 20..400, got 1000"')

    asyncio.run(run())


@pytest.mark.parametrize("framing", ["length", "slip"])
def test_oscdump_reads_our_tcp_framings(framing):
    oscdump = require_program("oscdump", "liblo-tools")
    port = free_ports(1)[0]

    async def run():
        async with program(oscdump, "-L", f"osc.tcp://:{port}") as prints:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        break
                    except ConnectionRefusedError:
                        await asyncio.sleep(0.01)  # until oscdump listens
            for number in (0xC0, 0xDBDC, -1):
                writer.write(frame(encode("/number", (number, "text")), framing))
            await prints('/number is 192 "text"')
            await prints('/number is 56284 "text"')
            await prints('/number is -1 "text"')
            writer.close()

    asyncio.run(run())


def pd(patch, *messages):
    """The command for a headless Pure Data with a patch, which is sent messages once it is loaded."""
    silent = ["-nogui", "-noaudio", "-nomidi", "-sleepgrain", "1", "-stderr"]
    sends = [word for message in messages for word in ("-send", message)]
    return [require_program("pd", "puredata"), *silent, "-open", CLIENTS / patch, *sends]


def test_pure_data_over_udp():
    ear = free_ports(1)[0]

    async def run():
        async with running() as (rig, _):
            command = pd("osc_udp.pd", f"bridge {rig.service.address[1]}", f"ear {ear}")
            async with program(*command, output="stderr") as prints:
                await prints("heard: list subscribed /clock/* 5")
                await prints("heard: list pong 1 2.5 hello")
                await prints("heard: list clock beats_per_bar 4")
                assert rig.handled == [("/clock/tempo", (90.0,))]
                rig.service.send_event("/clock/beat", 5, 1, 1)
                await prints("heard: list clock beat 5 1 1")
                rig.clock.now += 5
                await prints("heard: list unsubscribed /clock/*")

    asyncio.run(run())


def test_pure_data_over_tcp():
    async def run():
        async with running() as (rig, _):
            command = pd("osc_tcp.pd", f"bridge {rig.service.address[1]}")
            async with program(*command, output="stderr") as prints:
                await prints("heard: list pong 42")
                assert rig.service.counts.received == 1

    asyncio.run(run())


def test_python_osc_over_udp():
    async def run():
        async with running() as (rig, _):
            client = SimpleUDPClient("127.0.0.1", rig.service.address[1])
            client.send_message("/music/note/in", [1, 60.0, 100])
            client.send_message("/music/listen", False)
            assert await handled(rig, 2) == [("/music/note/in", (1, 60, 100)), ("/music/listen", (False,))]
            client.send_message("/ping", [1, "two"])
            message = await asyncio.to_thread(lambda: next(client.get_messages(PATIENCE)))
            assert (message.address, message.params) == ("/pong", [1, "two"])
            client._sock.close()

    asyncio.run(run())


@pytest.mark.parametrize("mode", ["1.0", "1.1"])
def test_python_osc_over_tcp(mode):
    async def run():
        async with running() as (rig, _):
            connect = functools.partial(SimpleTCPClient, "127.0.0.1", rig.service.address[1], mode=mode)
            client = await asyncio.to_thread(connect)
            client.send_message("/music/note/in", [1, 60, 100])
            client.send_message("/ping", [0xC0])
            message = await asyncio.to_thread(lambda: next(client.get_messages(PATIENCE)))
            assert (message.address, message.params) == ("/pong", [0xC0])
            assert rig.handled == [("/music/note/in", (1, 60, 100))]
            client.close()

    asyncio.run(run())
