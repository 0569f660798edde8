"""Who may ask: against pages elsewhere that reach for this machine through a visitor's browser.

A page of any site may open a WebSocket to 127.0.0.1, or have its own name point there (DNS rebinding). So the Host that
a browser believes in, and the Origin of the page that asks for a WebSocket, must be this machine's.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
READING = ("GET", "HEAD")


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what is bound to ``host``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Guard:
    """Lets through what is meant for this machine, and answers 403 with the rule to the rest.

    Bound to loopback: the Host must be localhost, 127.0.0.1 or [::1]. Bound to the network: one of these, an address
    in numbers, or this machine's name, none of which another's DNS can point here. The Origin of a WebSocket, and of a
    request that changes something, where a browser states one, must be such a place too, or the very Host that is
    asked.
    """

    def __init__(self, app: ASGIApp, bound: str) -> None:
        """``bound`` is the host that the server listens on."""
        self._app = app
        self._loopback = is_loopback(bound)
        name = socket.gethostname().lower()
        self._names = LOOPBACK if self._loopback else (*LOOPBACK, bound.lower(), name, f"{name}.local")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] in ("http", "websocket"):
            reason = self._refusal(scope)
            if reason:
                await self._refuse(reason, scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> str:
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get(b"host", "")
        if not self._allowed(host):
            rule = ", ".join(self._names) + ("" if self._loopback else " or an address in numbers")
            return f"Host must be one of {rule}, got {host!r}"
        origin = headers.get(b"origin")
        if origin is not None and (scope["type"] == "websocket" or scope.get("method") not in READING):
            place = urlsplit(origin).netloc
            if place != host and not self._is_loopback_name(place):
                what = "WebSocket" if scope["type"] == "websocket" else str(scope.get("method"))
                return f"Origin of a {what} must be a page of this machine, got {origin!r}"
        return ""

    def _allowed(self, place: str) -> bool:
        name = _without_port(place)
        if name in self._names:
            return True
        if self._loopback:
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True

    @staticmethod
    def _is_loopback_name(place: str) -> bool:
        return _without_port(place) in LOOPBACK

    async def _refuse(self, reason: str, scope: Scope, receive: Receive, send: Send) -> None:
        response = PlainTextResponse(f"{reason}\n", 403)
        if scope["type"] == "websocket":
            await receive()  # websocket.connect
        await response(scope, receive, send)


def _without_port(place: str) -> str:
    """Return ``name`` of ``name:port``; an IPv6 address stands in brackets."""
    if place.startswith("["):
        return place.partition("]")[0].lower() + "]"
    return place.partition(":")[0].lower()
