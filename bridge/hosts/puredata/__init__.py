"""Patches for Pure Data 0.52 or newer, without externals."""

from bridge.addresses import Table
from bridge.hosts.puredata.duet import duet
from bridge.hosts.puredata.link import link
from bridge.hosts.puredata.notes import notes, voice
from bridge.hosts.puredata.page import page, parts
from bridge.hosts.puredata.play import play


def files(table: Table) -> dict[str, bytes]:
    """The patches by file name; antiphon.pd is the one to open."""
    patches = {
        "antiphon": duet(table),
        "antiphon-link": link(table),
        "antiphon-notes": notes(),
        "antiphon-play": play(table),
        "antiphon-voice": voice(),
    }
    patches |= {f"antiphon-{root}": page(controls) for root, controls in parts(table).items()}
    return {f"{name}.pd": patch.file().encode() for name, patch in patches.items()}
