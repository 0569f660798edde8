"""A hundred clients, each with a hundred subscriptions of its own, while parameters change all the time."""

import json
import multiprocessing
import random
import selectors
import socket
import struct
import urllib.request
from typing import Any

from bridge.bench import BenchError
from bridge.client.osc import LEASE, OscClient, packet
from bridge.client.server import HOST, ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile_ms
from bridge.osc.wire import Bundle, Message, decode

CLIENTS = 100
SUBSCRIPTIONS = 100
RATE = 20.0
CHANGES = 1_000
"""Parameters set a second, one after the other."""
LOOKED_AT = 20
"""One packet in so many is taken apart; to take all apart would be what is measured."""
GRACE = 1.0
PATIENCE = 30.0
"""Seconds that all subscriptions together may take."""
BUFFER = 1 << 20
_FLOAT = struct.Struct(">f")


def crowd_figures(server: ServerProcess, seconds: float) -> list[Figure]:
    """Measure for so many seconds. Raises ServerFailedError when the server ends."""
    every = _parameters(server)
    paths = {path: argument for path, argument in every.items() if _harmless(path, argument)}
    wanted = [*paths, *(path for path in every if path not in paths)][:SUBSCRIPTIONS]
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    crowd = spawn.Process(target=_listen, args=(theirs, server.osc_port, wanted), daemon=True)
    crowd.start()
    theirs.close()
    try:
        subscribed = ours.recv()
        with OscClient(server.osc_port) as client:
            sent = _change(client, paths, seconds)
            until(now() + GRACE)
            server.check()
        ours.send("stop")
        heard, packets = ours.recv()
    except EOFError:
        raise BenchError("the process with a hundred clients died") from None
    crowd.join()
    ages = [time - sent[path, value] for path, value, time in heard if (path, value) in sent]
    return [
        Figure(
            name="hundred_clients_p50_ms",
            value=percentile_ms(ages, 50),
            unit="ms",
            goal="",
            why="" if ages else "nothing was heard",
            detail="as hundred_clients_p99_ms",
        ),
        Figure(
            name="hundred_clients_p99_ms",
            value=percentile_ms(ages, 99),
            unit="ms",
            goal="<= 50",
            why="" if ages else f"{subscribed} subscriptions were made, and nothing was heard",
            detail=f"{CLIENTS} clients of {SUBSCRIPTIONS} subscriptions each at {RATE:g} Hz ({subscribed} made),"
            f" {CHANGES} changes a second: a value sent until a client has it, {len(ages)} values of"
            f" {packets} bundles",
        ),
    ]


def _parameters(server: ServerProcess) -> dict[str, dict[str, Any]]:
    """Every parameter's argument, by address."""
    with urllib.request.urlopen(f"{server.url}/table.json", timeout=PATIENCE) as answer:  # noqa: S310  (our own)
        entries = json.load(answer)["entries"]
    return {entry["path"]: entry["arguments"][0] for entry in entries if entry["kind"] == "parameter"}


def _harmless(path: str, argument: dict[str, Any]) -> bool:
    """Whether a parameter may be moved about: a number of the music or of the picture."""
    return path.startswith(("/music/", "/frames/")) and argument["type"] == "float" and path != "/frames/fps"


def _change(client: OscClient, paths: dict[str, dict[str, Any]], seconds: float) -> dict[tuple[str, float], float]:
    """Set one address after the other, each time to another value; return when each was sent."""
    chance = random.Random(3)  # noqa: S311  (no secret)
    order = list(paths)
    chance.shuffle(order)
    sent: dict[tuple[str, float], float] = {}
    begin = now()
    for number in range(int(seconds * CHANGES)):
        path = order[number % len(order)]
        low, high = paths[path]["low"] or 0.0, paths[path]["high"] or 1.0
        value = _as_sent(low + (high - low) * (number % 4093 + 1) / 4096)
        until(begin + number / CHANGES)
        sent[path, value] = client.send(path, value)
    return sent


def _as_sent(value: float) -> float:
    """A number as OSC's 32 bits hold it."""
    number: float = _FLOAT.unpack(_FLOAT.pack(value))[0]
    return number


def _listen(result: Any, port: int, wanted: list[str]) -> None:
    """In its own process: all the clients; tell how many subscriptions were made, and at the end what was heard."""
    with selectors.DefaultSelector() as selector:
        sockets = []
        for _ in range(CLIENTS):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
            sock.bind((HOST, 0))
            sock.setblocking(False)
            sockets.append(sock)
            selector.register(sock, selectors.EVENT_READ)
        give_up = now() + PATIENCE
        made = sum(_subscribe(sock, port, wanted, give_up) for sock in sockets)
        result.send(made)
        heard: list[tuple[str, float, float]] = []
        packets = 0
        while not result.poll():
            for key, _ in selector.select(0.1):
                data = key.fileobj.recv(1 << 16)  # type: ignore[union-attr]
                time = now()
                packets += 1
                if packets % LOOKED_AT == 0:
                    heard += [(path, value, time) for path, value in _values(decode(data))]
        leave = packet("/unsubscribe")
        for sock in sockets:
            sock.sendto(leave, (HOST, port))
            sock.close()
        result.send((heard, packets))


def _subscribe(sock: socket.socket, port: int, paths: list[str], give_up: float) -> int:
    """Subscribe and count what was granted; what is lost on the way is asked for again."""
    missing = set(paths)
    sock.settimeout(0.5)
    while missing and now() < give_up:
        for path in missing:
            sock.sendto(packet("/subscribe", path, 0, LEASE, RATE), (HOST, port))
        try:
            while missing:
                element = decode(sock.recv(1 << 16))
                if isinstance(element, Message) and element.path == "/subscribed":
                    missing.discard(str(element.values[0]))
        except TimeoutError:
            pass
    sock.setblocking(False)
    return len(paths) - len(missing)


def _values(element: Message | Bundle) -> list[tuple[str, float]]:
    if isinstance(element, Bundle):
        return [value for inner in element.elements for value in _values(inner)]
    value = element.values[0] if element.values else None
    return [(element.path, value)] if isinstance(value, float) else []
