"""Max for Live: a MIDI effect for the music and one for the frames, as .amxd files.

The container, as Live 10 to 12 read it from unfrozen devices: four letters and a little-endian length for each part.
"""

import json
import struct
from typing import Any

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import pages
from bridge.hosts.max import link, notes
from bridge.hosts.max.page import Page
from bridge.hosts.max.patcher import Patcher, written
from bridge.hosts.max.widgets import STORED_ONLY, port_box

MIDI_EFFECT = b"mmmm"
HEIGHT = 169
"""Pixels of a device in Live."""
ROWS = 3
LEFT = 130.0
"""Where the controls begin, beside the state."""


def music_device(table: Table) -> bytes:
    """The track's notes go to the bridge, the answer to the track; Live's transport leads."""
    device, to = _device(table, "antiphon port", ports.ABLETON)
    notes.play(device, to, 820, 300)
    notes.answer(device, to, 820, 420)
    notes.transport(device, to, 300, 300)
    _thru(device)
    page = Page(device, to, follow=False)
    groups = pages(table)
    led = {"/clock/tempo", "/clock/beats_per_bar", "/clock/downbeat"}  # Live's transport says these
    controls = [control for root in ("music", "clock", "") for control in groups[root] if control.path not in led]
    return amxd(device, page.add(controls, LEFT, 6, ROWS))


def frames_device(table: Table) -> bytes:
    """What belongs to the frames; notes pass through."""
    device, to = _device(table, "antiphon frames port", ports.ABLETON_FRAMES)
    device.chain(device.obj(300, 300, "midiin"), device.obj(300, 330, "midiout"))
    page = Page(device, to, follow=False)
    return amxd(device, page.add(pages(table)["frames"], LEFT, 6, ROWS))


def amxd(device: Patcher, width: float) -> bytes:
    """A MIDI effect as a file. ``width`` is what Live shows of the presentation, in pixels."""
    kind = int.from_bytes(MIDI_EFFECT, "big")
    project: dict[str, Any] = {"version": 1, "creationdate": 0, "modificationdate": 0, "autoorganize": 1}
    project |= {"contents": {"patchers": {}}, "amxdtype": kind, "readonly": 0, "devpathtype": 0, "devpath": "."}
    patcher = device.patcher() | {"devicewidth": width, "openrect": [0.0, 0.0, width, HEIGHT], "project": project}
    patcher |= {"dependency_cache": [], "autosave": 0, "latency": 0}
    content = written({"patcher": patcher}).encode() + b"\n\0"
    header = b"ampf" + struct.pack("<I", 4) + MIDI_EFFECT
    return header + b"meta" + struct.pack("<II", 4, 0) + b"ptch" + struct.pack("<I", len(content)) + content


def unpack(content: bytes) -> dict[str, Any]:
    """The patcher inside an .amxd file. Raises ValueError for another file."""
    magic, version, kind, meta, size = struct.unpack_from("<4sI4s4sI", content)
    mark, length = struct.unpack_from("<4sI", content, 20 + size)
    start = 28 + size
    if (magic, version, kind, meta, mark) != (b"ampf", 4, MIDI_EFFECT, b"meta", b"ptch"):
        raise ValueError(f"a MIDI effect must begin with ampf 4 mmmm meta … ptch, got {content[:32]!r}")
    if start + length != len(content) or not content.endswith(b"\0"):
        raise ValueError(f"the patcher must fill the file, got {length} of {len(content) - start} bytes")
    patcher: dict[str, Any] = json.loads(content[start:-1])
    return patcher


def _device(table: Table, port_name: str, ear: int) -> tuple[Patcher, str]:
    """A patcher with the link, its lamp, its port and what went wrong."""
    device = Patcher(1400, 700, presentation=True)
    to = device.obj(820, 640, "p link", link.link(table, ear, ask=False), link.SIZE)
    device.comment((20, 10, 90, 20), "Antiphon", (6, 4, 110, 20))
    lamp = device.box("toggle", (20, 40, 18, 18), None, (6, 26, 18, 18), ignoreclick=1)
    device.connect(to, lamp, 1)
    device.comment((40, 40, 80, 20), "connected", (28, 26, 90, 20))
    device.comment((20, 70, 40, 20), "port", (6, 50, 40, 20))
    device.connect(port_box(device, port_name, ear, (48, 50, 60, 18)), to, 0, 1)
    error = device.message(20, 120, "no errors", (6, 96, 116, 66))
    shown = device.obj(20, 160, "prepend set")
    device.connect(to, shown, 2)
    device.connect(shown, error)
    return device, to


def _thru(device: Patcher) -> None:
    """The player is heard on the track too, unless switched off."""
    value = {"parameter_longname": "thru", "parameter_shortname": "thru", "parameter_type": 2}
    value |= {"parameter_enum": ["off", "on"], "parameter_initial_enable": 1, "parameter_initial": [1]}
    value |= {"parameter_invisible": STORED_ONLY}
    saved: dict[str, Any] = {"varname": "thru", "saved_attribute_attributes": {"valueof": value}}
    looks = {"mode": 1, "text": "thru off", "texton": "thru on"}
    switch = device.box("live.text", (300, 420, 60, 18), None, (6, 74, 60, 18), parameter_enable=1, **looks, **saved)
    gate = device.obj(300, 480, "gate")
    device.connect(switch, gate)
    device.connect(device.obj(400, 420, "midiin"), gate, 0, 1)
    flush = device.obj(300, 510, "midiflush")
    device.chain(gate, flush, device.obj(300, 540, "midiout"))
    off = device.obj(400, 480, "sel 0")
    device.chain(switch, off, flush)
