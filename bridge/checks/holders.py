"""Which program holds a port."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_LISTENING = {"TCP": "0A", "UDP": "07"}
"""States in /proc/net: of a TCP socket that listens, of a UDP socket that is bound."""


def holder(port: int, protocols: Iterable[str]) -> str:
    """The program that listens on a port of UDP, TCP or both, as well as this system tells."""
    if sys.platform == "win32":
        return f"another program (netstat -ano | findstr :{port} tells its number)"
    find = _by_proc if sys.platform == "linux" else _by_lsof
    found = (find(port, protocol) for protocol in protocols)
    return next(filter(None, found), "a program of another user")


def _by_proc(port: int, protocol: str) -> str | None:
    inodes = set()
    for table in (Path("/proc/net") / f"{protocol.lower()}{suffix}" for suffix in ("", "6")):
        with contextlib.suppress(OSError):
            for line in table.read_text("ascii").splitlines()[1:]:
                fields = line.split()
                if int(fields[1].rpartition(":")[2], 16) == port and fields[3] == _LISTENING[protocol]:
                    inodes.add(f"socket:[{fields[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if any(str(link.readlink()) in inodes for link in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text('utf-8', 'replace').strip()} (process {process.name})"
    return None


def _by_lsof(port: int, protocol: str) -> str | None:
    if shutil.which("lsof") is None:
        return None
    state = ["-sTCP:LISTEN"] if protocol == "TCP" else []
    command = ["lsof", "-nP", f"-i{protocol}:{port}", *state, "-Fpc"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    fields = {line[0]: line[1:] for line in said.splitlines() if line}
    return f"{fields['c']} (process {fields['p']})" if {"c", "p"} <= set(fields) else None
