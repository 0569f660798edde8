"""Patches for Max 8 or newer, of stock objects only, and the devices for Live made of the same parts."""

from bridge.addresses import Table
from bridge.hosts.max.device import frames_device, music_device
from bridge.hosts.max.patches import everything, frames, music


def files(table: Table) -> dict[str, bytes]:
    """The patches by file name."""
    patches = {"antiphon.maxpat": everything, "antiphon-music.maxpat": music, "antiphon-frames.maxpat": frames}
    return {name: patch(table).file() for name, patch in patches.items()}


def devices(table: Table) -> dict[str, bytes]:
    """The Max for Live devices by file name."""
    return {"Antiphon.amxd": music_device(table), "Antiphon Frames.amxd": frames_device(table)}
