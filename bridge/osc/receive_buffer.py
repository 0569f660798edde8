"""What the system holds of datagrams that arrive while the loop is busy."""

import contextlib
import socket
import sys

RECEIVE_BUFFER = 4 << 20
"""Bytes asked of the system, to hold what arrives while the loop is busy."""


def request_receive_buffer(sock: socket.socket) -> int:
    """Ask for RECEIVE_BUFFER bytes, and return how many the system granted."""
    with contextlib.suppress(OSError):  # macOS and the BSDs refuse what Linux cuts
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    if sys.platform == "linux" and _granted(sock) < RECEIVE_BUFFER:
        with contextlib.suppress(OSError):  # goes beyond the cap where we may administer the network
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
    size = _granted(sock)
    while size < RECEIVE_BUFFER and sys.platform != "linux":  # as much as is granted, in steps
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size + (256 << 10))
        except OSError:
            break
        if _granted(sock) <= size:
            break
        size = _granted(sock)
    return min(size, RECEIVE_BUFFER)


_SO_RCVBUFFORCE = 33  # asm-generic/socket.h; Python's socket has no name for it


def _granted(sock: socket.socket) -> int:
    size = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    return size // 2 if sys.platform == "linux" else size  # Linux tells twice what was asked, for its own records


def receive_buffer_advice(granted: int) -> str | None:
    """What to type where the system capped the receive buffer to ``granted`` bytes; None where it did not."""
    if granted >= RECEIVE_BUFFER:
        return None
    text = f"the OSC receive buffer is {granted >> 10} KiB of {RECEIVE_BUFFER >> 10} KiB: bursts may lose messages"
    if sys.platform == "linux":
        return f"{text}; type: sudo sysctl -w net.core.rmem_max={RECEIVE_BUFFER}"
    if sys.platform == "darwin":  # which counts its own records into the limit
        return f"{text}; type: sudo sysctl -w kern.ipc.maxsockbuf={2 * RECEIVE_BUFFER}"
    return text


def probe_receive_buffer() -> int:
    """Bytes that the system grants a new UDP socket of RECEIVE_BUFFER, for ``doctor``."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return request_receive_buffer(sock)
