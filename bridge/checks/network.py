"""The ports that the server listens on, and the buffer for what arrives faster than it is read."""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterator

from bridge.checks import Finding
from bridge.checks.holders import holder
from bridge.config import Settings

ANSWER_WITHIN = 0.3
"""Seconds that a running bridge has to answer a /ping."""
_PING, _PONG = b"/ping\0\0\0,\0\0\0", b"/pong\0\0\0"


def osc_port(settings: Settings) -> Iterator[Finding]:
    """OSC takes a port of UDP and the same of TCP."""
    from bridge.osc.transport import bind

    def attempt() -> None:
        for sock in asyncio.run(bind(settings.host, settings.osc_port)):
            sock.close()

    yield _finding(f"OSC port {settings.osc_port}", ("UDP", "TCP"), settings.osc_port, settings, attempt)


def http_port(settings: Settings) -> Iterator[Finding]:
    """Frames go out over HTTP."""
    from bridge.media.listen import bind

    def attempt() -> None:
        bind(settings.host, settings.http_port).close()

    yield _finding(f"HTTP port {settings.http_port}", ("TCP",), settings.http_port, settings, attempt)


def receive_buffer(settings: Settings) -> Iterator[Finding]:
    """What the system grants for bursts of OSC."""
    from bridge.osc.receive_buffer import probe_receive_buffer, receive_buffer_advice

    granted = probe_receive_buffer()
    advice = receive_buffer_advice(granted)
    yield Finding("OSC receive buffer", "warn" if advice else "ok", f"{granted >> 10} KiB granted", advice or "")


def antiphon_answers(host: str, port: int) -> bool:
    """Whether a bridge answers there."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  (asks, binds nothing)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(target, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.settimeout(ANSWER_WITHIN)
            sock.connect(address)
            sock.send(_PING)
            return sock.recv(1024).startswith(_PONG)
    except OSError:
        return False


def _finding(
    name: str, protocols: tuple[str, ...], port: int, settings: Settings, attempt: Callable[[], None]
) -> Finding:
    try:
        attempt()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            return Finding(name, "fail", str(error.strerror or error))
        setting = f"--{name.partition(' ')[0].lower()}-port"
        if antiphon_answers(settings.host, settings.osc_port):
            return Finding(name, "warn", "an Antiphon is already running there", f"to start another, give {setting}")
        advice = f"end that program, or choose another port with {setting}"
        return Finding(name, "fail", f"taken by {holder(port, protocols)}", advice)
    return Finding(name, "ok", "free")
