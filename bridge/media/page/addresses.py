"""Where a browser on another machine finds the page. Light: control prints it."""

import contextlib
import ipaddress
import socket


def urls_with_token(host: str, port: int, token: str) -> list[str]:
    """Return the page's addresses for other machines; none where it is bound to this one only."""
    if _has(host, "is_loopback"):
        return []
    hosts = own_addresses() if _has(host, "is_unspecified") else [host]
    return [f"http://{f'[{name}]' if ':' in name else name}:{port}/#token={token}" for name in hosts]


def own_addresses() -> list[str]:
    """This machine's addresses in its networks, the one on the way out first. Nothing is sent."""
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):  # in no network
        sock.connect(("192.0.2.1", 9))  # RFC 5737: of documentation, so nobody's
        found.append(sock.getsockname()[0])
    with contextlib.suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if not _has(address, "is_loopback")]


def _has(host: str, kind: str) -> bool:
    """Whether a host is an address of that kind; ``localhost`` is of this machine."""
    try:
        return bool(getattr(ipaddress.ip_address(host), kind))
    except ValueError:
        return host == "localhost" and kind == "is_loopback"
