"""Patches for Pure Data 0.52 or newer, without externals."""

from bridge.addresses import Table
from bridge.hosts.controls import pages
from bridge.hosts.puredata.duet import duet
from bridge.hosts.puredata.link import link
from bridge.hosts.puredata.notes import notes, voice
from bridge.hosts.puredata.page import page
from bridge.hosts.puredata.play import play


def files(table: Table) -> dict[str, bytes]:
    """The patches by file name; antiphon.pd is the one to open."""
    found = {root: controls for root, controls in pages(table).items() if root}
    patches = {
        "antiphon": duet(table),
        "antiphon-link": link(table),
        "antiphon-notes": notes(),
        "antiphon-play": play(table),
        "antiphon-voice": voice(),
    }
    patches |= {f"antiphon-{root}": page(root, controls) for root, controls in found.items()}
    return {f"{name}.pd": patch.file().encode() for name, patch in patches.items()}
