"""The address that frames are served on, bound by control before anything else starts."""

import errno
import os
import socket

BACKLOG = 64


def url(listener: socket.socket) -> str:
    """Return the page's address, such as ``http://127.0.0.1:8080/``."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def bind(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Return a socket that listens on ``host`` (this machine only, by default) and ``port`` (0: any that is free).

    Raises OSError, saying what to do, if the address cannot be had.
    """
    if not 0 <= port <= 65535:
        raise OSError(errno.EINVAL, f"--http-port must be in 0..65535, got {port}")
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise OSError(errno.EADDRNOTAVAIL, f"HTTP cannot listen on {host}: {error.strerror}") from error
    listener = socket.socket(family, kind, proto)
    try:
        _share_address(listener)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            text = f"HTTP port {port} on {host} is already taken: end what uses it, or choose another with --http-port"
        else:
            text = f"HTTP cannot listen on {host} port {port} ({error.strerror}): choose another with --http-port"
        raise OSError(error.errno, text) from error
    return listener


# ---- what differs by system


def _share_address(listener: socket.socket) -> None:
    """Take a port again at once after an end, but never one that another process listens on."""
    if os.name == "posix":
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    else:  # on Windows SO_REUSEADDR would take a port away from its owner
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)  # type: ignore[attr-defined,unused-ignore]
