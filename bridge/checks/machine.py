"""What the system grants: turns before other programs, and memory that processes share."""

import sys
from collections.abc import Iterator

from bridge.checks import Finding, apart
from bridge.config import Settings


def scheduling(settings: Settings) -> Iterator[Finding]:
    """Whether notes keep their time while the machine is busy."""
    from bridge.realtime.scheduling import claim

    granted = apart.call(claim)
    text, _, reason = granted.partition(" (")
    if not granted.startswith("best effort"):
        yield Finding("realtime scheduling", "ok", granted)
    elif sys.platform == "darwin":
        yield Finding("realtime scheduling", "note", granted)
    else:
        yield Finding("realtime scheduling", "warn", f"{text}: notes may be late on a busy machine", reason[:-1])


def memory(settings: Settings) -> Iterator[Finding]:
    """Whether the realtime process may keep its memory from being moved to disk."""
    from bridge.realtime.scheduling import lock_memory

    if sys.platform == "win32":
        return
    if apart.call(lock_memory):
        yield Finding("locked memory", "ok", "the realtime process keeps its memory")
    else:
        advice = (
            "add the line '@audio - memlock unlimited' to /etc/security/limits.d/audio.conf and log in again"
            if sys.platform == "linux"
            else ""
        )
        yield Finding("locked memory", "note", "not allowed: after a long rest the first note may be late", advice)


def shared_memory(settings: Settings) -> Iterator[Finding]:
    """Frames and the beat are handed from process to process in shared memory."""
    from bridge.media.ring import FrameRing
    from bridge.realtime.now import NowPage

    name = "shared memory"
    try:
        page = NowPage.create()
        page.unlink()
        ring = FrameRing.create(settings.width, settings.height)
        ring.unlink()
    except OSError as error:
        advice = "in a container: --shm-size=256m; or smaller frames: --width, --height"
        yield Finding(name, "fail", f"frames of {settings.width} x {settings.height} do not fit: {error}", advice)
    else:
        yield Finding(name, "ok", f"frames of {settings.width} x {settings.height} fit")
